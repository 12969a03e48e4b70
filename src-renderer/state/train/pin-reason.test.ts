import { expect, it } from 'vitest';
import { pinReason } from './pin-reason.ts';

it('images of its own folder can be pinned to a run that will look at them, and nothing else', () => {
  expect(pinReason({ state: 'training', folderId: 1 }, 1, 3)).toBeUndefined();
  expect(pinReason({ state: 'stopped', folderId: 1 }, 1, 3)).toBeUndefined();
  expect(pinReason({ state: 'done', folderId: 1 }, 1, 3)).toBe('over');
  expect(pinReason({ state: 'training', folderId: 1 }, 1, 0)).toBe('none-selected');
  expect(pinReason({ state: 'training', folderId: 1 }, 2, 3)).toBe('other-folder');
  // Its folder is not in the library any more.
  expect(pinReason({ state: 'training', folderId: undefined }, undefined, 3)).toBe('other-folder');
});
