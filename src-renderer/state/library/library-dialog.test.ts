import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { LibraryDialog } from './library-dialog.svelte.ts';

const inUse = new AppError('locked', 'This folder is in use.', 'Wait.');

/** Dialogs of a folder that the test changes, and work that it ends. */
function asked() {
  const shown = { folder: 1 };
  const late: unknown[] = [];
  const dialog = new LibraryDialog(() => shown.folder);
  const attempt = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const attempted = dialog.attempt(
      async () => promise,
      (error) => late.push(error),
    );
    return {
      succeed: async () => (resolve(), attempted),
      fail: async () => (reject(inUse), attempted),
    };
  };
  return { shown, late, dialog, attempt };
}

it('says why what was asked for could not be done, is closed when it is done, and begins without what the one before said', async () => {
  const { dialog, attempt, late } = asked();
  dialog.ask('remove');
  await attempt().fail();
  expect([dialog.name, dialog.problem?.message]).toEqual(['remove', inUse.message]);
  dialog.ask('labels');
  expect([dialog.name, dialog.problem]).toEqual(['labels', undefined]);
  await attempt().succeed();
  expect([dialog.name, late]).toEqual([undefined, []]);
});

it('neither says why another one failed nor is closed for it', async () => {
  const { shown, dialog, attempt, late } = asked();
  dialog.ask('remove');
  const first = attempt();
  dialog.ask('labels');
  await first.fail();
  expect([dialog.name, dialog.problem, late]).toEqual(['labels', undefined, [inUse]]);
  const second = attempt();
  // The folder is taken out of the library by another page meanwhile, and the next one is asked about.
  shown.folder = 2;
  expect(dialog.name).toBeUndefined();
  dialog.ask('labels');
  await second.succeed();
  expect([dialog.name, dialog.problem]).toEqual(['labels', undefined]);
  const third = attempt();
  dialog.close();
  await third.fail();
  expect([dialog.name, dialog.problem, late.length]).toEqual([undefined, undefined, 2]);
});
