// For which system a program library was built, by its first bytes.

/** Bytes of a library that have to be read for it. */
export const headerBytes = 4096;

const at = (header: Uint8Array, offset: number, length: number): number =>
  header.subarray(offset, offset + length).reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
const begins = (header: Uint8Array, offset: number, text: string): boolean =>
  Array.from(text).every((letter, i) => header[offset + i] === letter.charCodeAt(0));

/** Numbers of processors in the three formats, as `arch` of Node. */
const elf: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64' };
const portable: Readonly<Record<number, string>> = { 0x8664: 'x64', 0xaa64: 'arm64' };
const machO: Readonly<Record<number, string>> = { 0x1000007: 'x64', 0x100000c: 'arm64' };

/**
 * `platform-arch` of Node, with `other` for a processor that is none of ours; undefined for what is no library. ELF is taken for Linux's, the
 * format of several processors in one file for an Apple processor's.
 */
export function systemOfLibrary(header: Uint8Array): string | undefined {
  if (begins(header, 0, '\x7fELF')) return `linux-${elf[at(header, 18, 2)] ?? 'other'}`;
  if (begins(header, 0, 'MZ')) {
    const from = at(header, 0x3c, 4);
    return begins(header, from, 'PE\0\0') ? `win32-${portable[at(header, from + 4, 2)] ?? 'other'}` : undefined;
  }
  if (begins(header, 0, '\xcf\xfa\xed\xfe')) return `darwin-${machO[at(header, 4, 4)] ?? 'other'}`;
  if (begins(header, 0, '\xca\xfe\xba\xbe')) return 'darwin-arm64';
  return undefined;
}

const platforms: Readonly<Record<string, string>> = { linux: 'Linux', win32: 'Windows', darwin: 'macOS' };
const processors: Readonly<Record<string, string>> = { x64: 'x86-64', arm64: 'ARM' };

/** For a person: "Linux on x86-64 processors". */
export function systemName(system: string): string {
  const [platform = '', processor = ''] = system.split('-');
  return `${platforms[platform] ?? platform} on ${processors[processor] ?? 'other'} processors`;
}
