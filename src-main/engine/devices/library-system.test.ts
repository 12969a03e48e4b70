import { openSync, readSync } from 'node:fs';
import { expect, it } from 'vitest';
import { headerBytes, systemName, systemOfLibrary } from './library-system.ts';

const header = (text: string, numbers: Readonly<Record<number, number>> = {}): Uint8Array => {
  const bytes = new Uint8Array(headerBytes);
  bytes.set(Array.from(text, (letter) => letter.charCodeAt(0)));
  for (const [at, value] of Object.entries(numbers)) bytes[Number(at)] = value;
  return bytes;
};
const windows = (low: number, high: number): Uint8Array => header('MZ', { 0x3c: 0x80, 0x80: 0x50, 0x81: 0x45, 0x84: low, 0x85: high });

it('a library tells for which system it was built', () => {
  expect(systemOfLibrary(header('\x7fELF\x02\x01', { 18: 0x3e }))).toBe('linux-x64');
  expect(systemOfLibrary(header('\x7fELF\x02\x01', { 18: 0xb7 }))).toBe('linux-arm64');
  expect(systemOfLibrary(header('\x7fELF\x02\x01', { 18: 0xf3 }))).toBe('linux-other');
  expect(systemOfLibrary(windows(0x64, 0x86))).toBe('win32-x64');
  expect(systemOfLibrary(windows(0x64, 0xaa))).toBe('win32-arm64');
  expect(systemOfLibrary(header('\xcf\xfa\xed\xfe\x0c\0\0\x01'))).toBe('darwin-arm64');
  expect(systemOfLibrary(header('\xcf\xfa\xed\xfe\x07\0\0\x01'))).toBe('darwin-x64');
  for (const nothing of ['', 'MZ', '<!DOCTYPE html>']) expect(systemOfLibrary(header(nothing))).toBeUndefined();
  expect(systemOfLibrary(new Uint8Array())).toBeUndefined();
});

it('so does the program that runs this', () => {
  const bytes = new Uint8Array(headerBytes);
  readSync(openSync(process.execPath, 'r'), bytes, 0, headerBytes, 0);
  expect(systemOfLibrary(bytes)).toBe(`${process.platform}-${process.arch}`);
});

it('a system has a name for a person', () => {
  expect([systemName('linux-x64'), systemName('win32-arm64'), systemName('linux-other')]).toEqual([
    'Linux on x86-64 processors',
    'Windows on ARM processors',
    'Linux on other processors',
  ]);
});
