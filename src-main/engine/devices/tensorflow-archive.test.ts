// What is said at once of a file that a person gives as an archive of TensorFlow.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { requireArchive } from './tensorflow-archive.ts';
import type { PartKind } from './tensorflow-archive.ts';
import { nativeParts } from './tensorflow-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-archive-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const gzip = Buffer.from([0x1f, 0x8b, 8, 0]);
const zip = Buffer.from('PK\x03\x04 and its end PK\x05\x06', 'latin1');

/** What is said of a file of this name and content. */
function said(name: string, content: Buffer, kind: PartKind = 'library', system = 'linux-x64'): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return saidOf(file, kind, system);
}
function saidOf(file: string, kind: PartKind = 'library', system = 'linux-x64'): string {
  try {
    requireArchive(file, kind, system, nativeParts);
    return '';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${error.code}: ${error.message} ${error.hint}`;
  }
}

it('one that may be it passes, whatever it is called', () => {
  for (const [system, content] of [
    ['linux-x64', gzip],
    ['win32-x64', zip],
  ] as const)
    for (const kind of ['library', 'binding'] as const) {
      expect(said(basename(nativeParts[system]![kind].address), content, kind, system)).toBe('');
      expect(said('renamed', content, kind, system)).toBe('');
    }
});

it('names what is wrong, and what to choose', () => {
  const { library, binding } = nativeParts['linux-x64']!;
  const beginnings: readonly (readonly [said: string, begins: string])[] = [
    [saidOf(join(folder, 'none.tar.gz')), `not-found: ${join(folder, 'none.tar.gz')} is not there.`],
    [said('empty.tar.gz', Buffer.of()), 'bad-file: empty.tar.gz is empty.'],
    [said('a.tar.gz.part', gzip), 'bad-file: a.tar.gz.part is a download that has not come to its end.'],
    [said('a.tar.gz.crdownload', gzip), 'bad-file: a.tar.gz.crdownload is a download that has not come to its end.'],
    [said('page.tar.gz', Buffer.from('\n<!DOCTYPE html>')), 'bad-file: page.tar.gz is a page of a website'],
    [said('notes.tar.gz', Buffer.from('some text')), 'bad-file: notes.tar.gz is not an archive of the kind that is published (tar.gz).'],
    [said('a.zip', zip), 'bad-file: a.zip is not for Linux on x86-64 processors: for that a tar.gz archive is published.'],
    [said('a.tar.gz', gzip, 'library', 'win32-x64'), 'bad-file: a.tar.gz is not for Windows on x86-64 processors'],
    [said('cut.zip', zip.subarray(0, 20), 'library', 'win32-x64'), 'bad-file: cut.zip is cut off'],
    [
      said(basename(nativeParts['win32-x64']!.library.address), zip),
      `bad-file: ${basename(nativeParts['win32-x64']!.library.address)} is for Windows on x86-64 processors.`,
    ],
    [said(basename(binding.address), gzip), 'bad-file: GPU-linux-4.22.0.tar.gz is the binding and not the library.'],
    [
      said('libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz', gzip),
      'bad-file: libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz is the build for processors, which uses no graphics card.',
    ],
  ];
  for (const [sentence, begins] of beginnings) expect(sentence).toContain(begins);
  const hint = `Choose ${basename(library.address)} from ${library.address}, as it was downloaded.`;
  expect(said('empty.tar.gz', Buffer.of())).toBe(`bad-file: empty.tar.gz is empty. ${hint}`);
  mkdirSync(join(folder, 'unpacked'));
  expect(saidOf(join(folder, 'unpacked'))).toBe(
    `bad-input: ${join(folder, 'unpacked')} is a folder. Choose the archive itself, as it was downloaded: it need not be unpacked.`,
  );
});
