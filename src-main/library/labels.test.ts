import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { labelRule, labelTable, labelsOf, unknownFiles } from './labels.ts';

describe('labels from folders', () => {
  const of = (path: string): (string | null)[] => {
    const { label, split } = labelsOf(path, { kind: 'folders' });
    return [label, split];
  };

  it('are the first folder, at any depth below it', () => {
    expect(of('cat/1.jpg')).toEqual(['cat', null]);
    expect(of('cat/young/1.jpg')).toEqual(['cat', null]);
    expect(of('1.jpg')).toEqual([null, null]);
  });

  it('are the folder below train, val, valid, validation or test, which are splits in any case', () => {
    expect(of('train/cat/1.jpg')).toEqual(['cat', 'train']);
    expect(of('VAL/cat/x/1.jpg')).toEqual(['cat', 'val']);
    expect(of('valid/dog/1.jpg')).toEqual(['dog', 'val']);
    expect(of('Validation/dog/1.jpg')).toEqual(['dog', 'val']);
    expect(of('test/1.jpg')).toEqual([null, 'test']);
    expect(of('cat/train/1.jpg')).toEqual(['cat', null]);
    expect(of('training/1.jpg')).toEqual(['training', null]);
    expect(of('constructor/1.jpg')).toEqual(['constructor', null]);
  });

  it('are none when labels are off', () => {
    expect(labelsOf('train/cat/1.jpg', { kind: 'off' })).toEqual({ label: null, split: null });
  });
});

describe('labels from a table', () => {
  it('need the columns file and label, in any order and case', () => {
    const table = labelTable('Split,FILE , label,other\ntrain,a/1.jpg,cat,x\nVALID,./b\\2.jpg,dog,\n,c.jpg,,\n');
    expect(table.problems).toEqual([]);
    const of = (path: string): unknown => labelsOf(path, { kind: 'csv', table });
    expect(of('a/1.jpg')).toEqual({ label: 'cat', split: 'train' });
    expect(of('b/2.jpg')).toEqual({ label: 'dog', split: 'val' });
    expect(of('c.jpg')).toEqual({ label: null, split: null });
    expect(of('d.jpg')).toEqual({ label: null, split: null });
  });

  it('find a name in the other Unicode spelling', () => {
    const table = labelTable(`file,label\n${'é'.normalize('NFC')}.jpg,one\n`);
    expect(labelsOf(`${'é'.normalize('NFD')}.jpg`, { kind: 'csv', table }).label).toBe('one');
  });

  it('say what is wrong with a line, by its number, and go on', () => {
    const table = labelTable('file,label,split\na.jpg,cat,train\n\n,dog,\na.jpg,dog,\nb.jpg,dog,dev\nc.jpg,constructor,constructor\n');
    expect(table.problems).toEqual([
      'Line 4 names no file.',
      'Line 5 names a.jpg again: the first line about it holds.',
      'Line 6: the split "dev" is none of train, val, test.',
      'Line 7: the split "constructor" is none of train, val, test.',
    ]);
    expect(labelsOf('b.jpg', { kind: 'csv', table })).toEqual({ label: 'dog', split: null });
    expect(unknownFiles(table, ['a.jpg', 'x.jpg'])).toEqual(['b.jpg', 'c.jpg']);
  });

  it('refuse a table without the columns, or none at all', async () => {
    for (const text of ['', 'name,label\n', 'file,class\n'])
      expect(() => labelTable(text)).toThrow(expect.objectContaining({ code: 'bad-file' }));
    const root = mkdtempSync(join(tmpdir(), 'labels-'));
    try {
      await expect(labelRule({ kind: 'csv', file: join(root, 'none.csv') })).rejects.toMatchObject({ code: 'not-found' });
      writeFileSync(join(root, 'labels.csv'), 'file,label\r\na.jpg,"cat, young"\r\n');
      const rule = await labelRule({ kind: 'csv', file: join(root, 'labels.csv') });
      expect(labelsOf('a.jpg', rule).label).toBe('cat, young');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
