// The records of the decode cache's index: 68 bytes for a picture, each with a checksum of its own.
import { crc32 } from 'node:zlib';

/** Where a picture lies and what it is. */
export interface CacheEntry {
  readonly shard: number;
  readonly offset: number;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly jpeg: boolean;
  readonly checksum: number;
}

export const indexName = 'index.bin';

/** Hash 32 · shard 4 · offset 8 · length 4 · width 4 · height 4 · kind 4 · checksum of the picture 4 · checksum of the record 4. */
export const recordBytes = 68;

/** Content hash of a record, whole or not. */
export const hashOf = (record: Buffer): string => record.toString('hex', 0, 32);

/** One line of the index. */
export function encodeEntry(hash: string, entry: CacheEntry): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.write(hash, 0, 'hex');
  record.writeUInt32LE(entry.shard, 32);
  record.writeBigUInt64LE(BigInt(entry.offset), 36);
  [entry.length, entry.width, entry.height, Number(entry.jpeg), entry.checksum].forEach((value, i) =>
    record.writeUInt32LE(value, 44 + 4 * i),
  );
  record.writeUInt32LE(crc32(record.subarray(0, 64)), 64);
  return record;
}

/** What `encodeEntry` wrote; `undefined` for a record that is damaged or torn. */
export function decodeEntry(record: Buffer): { hash: string; entry: CacheEntry } | undefined {
  if (crc32(record.subarray(0, 64)) !== record.readUInt32LE(64)) return undefined;
  const [length, width, height, jpeg, checksum] = [0, 1, 2, 3, 4].map((i) => record.readUInt32LE(44 + 4 * i)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    hash: hashOf(record),
    entry: {
      shard: record.readUInt32LE(32),
      offset: Number(record.readBigUInt64LE(36)),
      length,
      width,
      height,
      jpeg: jpeg === 1,
      checksum,
    },
  };
}
