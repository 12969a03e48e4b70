import { expect, it } from 'vitest';
import { menuKeys, viewNames } from '../../shared/contract/face.ts';
import { shell } from './shell.ts';
import type { ShortcutGroup } from './shell.ts';

it('the list of shortcuts names every key of the menu and every view, and no key twice in a group', () => {
  const { list, menu } = shell.shortcuts;
  const groups: readonly ShortcutGroup[] = [...list, menu];
  expect(new Set(groups.map(([where]) => where)).size).toBe(groups.length);
  for (const [where, keys] of groups) expect(new Set(keys.map(([key]) => key)).size, where).toBe(keys.length);
  const named = menu[1].map(([key]) => key);
  // As a person reads them, and all of them: one is added to the menu in vain when nobody is told.
  expect(named.filter((key) => /^Ctrl \+ (O|Shift \+ P|\/)$/.test(key))).toHaveLength(Object.keys(menuKeys).length);
  expect(menu[1]).toContainEqual(['Ctrl + 1 … 7', viewNames.map((view) => shell.views[view]).join(', ')]);
});
