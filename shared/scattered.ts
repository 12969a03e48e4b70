// Numbers that look random and follow from one number alone, where millions are needed: `random.ts` is for those whose quality counts.

/** A 32-bit number that looks random (the finaliser of MurmurHash3). */
export function scattered(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
