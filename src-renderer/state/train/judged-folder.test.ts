import { expect, it } from 'vitest';
import { folderToJudgeOn } from './judged-folder.ts';

const folders = [{ id: 4 }, { id: 7 }];

it('Imported weights are judged on the folder that was chosen, else on one that there is', () => {
  expect(folderToJudgeOn({ imported: true }, folders, 7)).toBe(7);
  // It was taken out of the library since.
  expect(folderToJudgeOn({ imported: true }, folders, 9)).toBe(4);
  expect(folderToJudgeOn({ imported: true }, [], 7)).toBeUndefined();
});

it('A run that has learned here is judged on its own folder, whatever is shown', () => {
  expect(folderToJudgeOn({ imported: false }, folders, 7)).toBeUndefined();
});
