import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { contactSheet } from '../images/contact-sheet.ts';
import { requireSheetTarget } from './sheet-target.ts';

let folder: string;
let pictures: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-sheet-'));
  pictures = join(folder, 'pictures');
  mkdirSync(join(pictures, 'cats'), { recursive: true });
  mkdirSync(join(folder, 'pictures of sheets'));
  mkdirSync(join(folder, 'folder.png'));
  writeFileSync(join(folder, 'photo.png'), readFileSync(join(import.meta.dirname, '../../assets/icon.png')));
  writeFileSync(join(folder, 'empty.png'), '');
  symlinkSync(pictures, join(folder, 'link'), 'junction');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function refusal(path: string): AppError | undefined {
  try {
    requireSheetTarget(path, [pictures]);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  }
}

describe('where a sheet may be written', () => {
  it.each([
    ['pictures/cats/1.png', 'bad-input', /among the images/],
    ['pictures/new.png', 'bad-input', /among the images/],
    ['link/cats/new.png', 'bad-input', /among the images/],
    ['photo.png', 'bad-input', /is no sheet/],
    ['empty.png', 'bad-input', /is no sheet/],
    ['photo.jpg', 'bad-input', /does not end in \.png/],
    ['folder.png', 'bad-input', /is a folder/],
    ['nowhere/found.png', 'not-found', /no folder/],
  ])('refuses %s and says why', (name, code, words) => {
    const error = refusal(join(folder, ...name.split('/')));
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) as unknown });
    expect(error!.hint.length).toBeGreaterThan(10);
  });

  it('takes a new file, also by a relative path and in a folder whose name begins like that of the images', () => {
    expect(refusal(join(folder, 'found.PNG'))).toBeUndefined();
    expect(refusal(join(folder, 'pictures of sheets', 'found.png'))).toBeUndefined();
    expect(refusal(relative(process.cwd(), join(folder, 'found.png')))).toBeUndefined();
  });

  it('takes an earlier sheet, to be replaced', async () => {
    const sheet = join(folder, 'earlier.png');
    await contactSheet([], sheet);
    expect(refusal(sheet)).toBeUndefined();
  });
});
