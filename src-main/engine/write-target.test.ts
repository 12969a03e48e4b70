import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { contactSheet } from '../images/contact-sheet.ts';
import { mapSheet } from '../images/map-sheet.ts';
import {
  originalsAround,
  requireFailuresTarget,
  requireMapSheetTarget,
  requireMapTableTarget,
  requireOutside,
  requireSheetTarget,
} from './write-target.ts';

let folder: string;
let pictures: string;
const at = (name: string): string => join(folder, ...name.split('/'));
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-target-'));
  pictures = at('pictures');
  for (const made of ['pictures/cats', 'pictures/.ijepa-studio', 'pictures of sheets', 'folder.png'])
    mkdirSync(at(made), { recursive: true });
  writeFileSync(at('photo.png'), readFileSync(join(import.meta.dirname, '../../assets/icon.png')));
  writeFileSync(at('empty.png'), '');
  writeFileSync(at('labels.csv'), 'file,label\r\na.png,cat\r\n');
  writeFileSync(at('longer.csv'), 'file,reason,message,action\r\n');
  for (const name of ['earlier.csv', 'pictures/earlier.csv'])
    writeFileSync(at(name), 'file,reason,message\r\na.png,empty,This file is empty.\r\n');
  writeFileSync(at('edited.csv'), 'file,reason,message\na.png,empty,This file is empty.\n');
  symlinkSync(pictures, at('link'), 'junction');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Check = (path: string, originals: readonly string[]) => Promise<void>;

async function refusal(check: Check, path: string): Promise<AppError | undefined> {
  try {
    await check(path, [pictures]);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).hint.length).toBeGreaterThan(10);
    return error as AppError;
  }
}

describe('where a sheet may be written', () => {
  it.each([
    ['pictures/cats/1.png', 'bad-input', /among the images/],
    ['pictures/new.png', 'bad-input', /among the images/],
    ['link/cats/new.png', 'bad-input', /among the images/],
    ['photo.png', 'bad-input', /is not a contact sheet/],
    ['empty.png', 'bad-input', /is not a contact sheet/],
    ['photo.jpg', 'bad-input', /does not end in \.png/],
    ['folder.png', 'bad-input', /is a folder/],
    ['nowhere/found.png', 'not-found', /no folder/],
  ])('refuses %s and says why', async (name, code, words) => {
    const error = await refusal(requireSheetTarget, at(name));
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) as unknown });
  });

  it('takes a new file, also by a relative path and in a folder whose name begins like that of the images', async () => {
    expect(await refusal(requireSheetTarget, at('found.PNG'))).toBeUndefined();
    expect(await refusal(requireSheetTarget, at('pictures of sheets/found.png'))).toBeUndefined();
    expect(await refusal(requireSheetTarget, relative(process.cwd(), at('found.png')))).toBeUndefined();
  });

  it('takes an earlier sheet, to be replaced', async () => {
    const sheet = at('earlier.png');
    await contactSheet([], sheet);
    expect(await refusal(requireSheetTarget, sheet)).toBeUndefined();
  });
});

describe('where a list of failures may be written', () => {
  it.each([
    ['photo.png', /is not a list of failures/],
    ['empty.png', /is not a list of failures/],
    ['labels.csv', /is not a list of failures/],
    ['longer.csv', /is not a list of failures/],
    ['folder.png', /is a folder/],
    ['pictures/new.csv', /among the images/],
    ['pictures/earlier.csv', /among the images/],
    ['link/cats/new.csv', /among the images/],
  ])('refuses %s and says why', async (name, words) => {
    const error = await refusal(requireFailuresTarget, at(name));
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringMatching(words) as unknown });
  });

  it.each(['new.csv', 'new', 'earlier.csv', 'edited.csv'])('takes %s', async (name) => {
    expect(await refusal(requireFailuresTarget, at(name))).toBeUndefined();
  });
});

describe('where a map may be written', () => {
  it.each([
    ['photo.png', /is not a table of a map/],
    ['empty.png', /is not a table of a map/],
    ['labels.csv', /is not a table of a map/],
    ['earlier.csv', /is not a table of a map/],
    ['pictures/new.csv', /among the images/],
    ['folder.png', /is a folder/],
  ])('as a table: refuses %s and says why', async (name, words) => {
    const error = await refusal(requireMapTableTarget, at(name));
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringMatching(words) as unknown });
  });

  it('as a table: takes a new file, and an earlier table also when an editor has changed its line ends', async () => {
    writeFileSync(at('map.csv'), 'filepath,label,x,y\n/a.png,cat,0.5,0.25\n');
    for (const name of ['new.csv', 'map.csv']) expect(await refusal(requireMapTableTarget, at(name))).toBeUndefined();
  });

  it('as a picture: over an earlier one, and over no photograph and no sheet of another kind', async () => {
    await contactSheet([], at('contact.png'));
    await mapSheet(
      {
        places: new Float32Array(2),
        numbers: [1],
        colourOf: () => [0, 0, 0],
        legend: [],
        pictureOf: async () => Promise.resolve(undefined),
      },
      at('map.png'),
    );
    for (const name of ['new.png', 'map.png']) expect(await refusal(requireMapSheetTarget, at(name))).toBeUndefined();
    for (const name of ['photo.png', 'contact.png', 'pictures/map.png', 'map.jpg'])
      expect(await refusal(requireMapSheetTarget, at(name))).toMatchObject({ code: 'bad-input' });
    expect(await refusal(requireSheetTarget, at('map.png'))).toMatchObject({ code: 'bad-input' });
  });
});

describe('where a folder of files may be written', () => {
  it.each(['pictures', 'pictures/vectors', 'pictures/new/vectors', 'link/cats/vectors', 'pictures/cats/../vectors'])(
    'not in %s, whether it is there or not',
    async (name) => {
      const error = await refusal(requireOutside, `${folder}/${name}`);
      expect(error).toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining(`lies in ${pictures}, among the images`) as unknown,
      });
    },
  );

  it.each(['vectors', 'pictures of sheets/vectors', 'pictures/.ijepa-studio/exports/run'])('in %s', async (name) => {
    expect(await refusal(requireOutside, at(name))).toBeUndefined();
  });

  it('where the folder of images is itself catalogued by a link', async () => {
    expect(await originalsAround(at('pictures/vectors'), [at('link')])).toBe(at('link'));
    expect(await originalsAround(at('vectors'), [at('link')])).toBeUndefined();
  });
});
