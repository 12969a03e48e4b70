// The window's menu. What a page does itself is a command to it; keys that a page's text field needs are left to it.
import type { MenuItemConstructorOptions } from 'electron';
import { menuKeys, viewKey, viewNames } from '../../shared/contract/face.ts';
import type { MenuCommand, ViewName } from '../../shared/contract/face.ts';

export interface MenuActions {
  readonly command: (command: MenuCommand) => void;
  readonly openFolder: () => void;
  readonly about: () => void;
  /** None where the program cannot update itself. */
  readonly checkForUpdates?: () => void;
}

const viewLabels: Readonly<Record<ViewName, string>> = {
  library: 'Library',
  masks: 'Masks',
  train: 'Train',
  explore: 'Explore',
  map: 'Map',
  export: 'Export',
  settings: 'Devices and settings',
};

/** The menu as data. On a Mac the application's own menu comes first, as people expect there. */
export function menuTemplate(isMac: boolean, { command, openFolder, about, checkForUpdates }: MenuActions): MenuItemConstructorOptions[] {
  const aboutItem: MenuItemConstructorOptions = { label: 'About I-JEPA Studio', click: about };
  const updateItems: MenuItemConstructorOptions[] = checkForUpdates ? [{ label: 'Check for updates…', click: checkForUpdates }] : [];
  const application: MenuItemConstructorOptions = {
    label: 'I-JEPA Studio',
    submenu: [
      aboutItem,
      ...updateItems,
      { type: 'separator' },
      { role: 'hide' },
      { role: 'hideOthers' },
      { type: 'separator' },
      { role: 'quit' },
    ],
  };
  const views = viewNames.map((view): MenuItemConstructorOptions => ({
    label: viewLabels[view],
    accelerator: viewKey(view),
    click: () => command({ type: 'view', view }),
  }));
  return [
    ...(isMac ? [application] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Open folder…', accelerator: menuKeys.openFolder, click: openFolder },
        { type: 'separator' },
        { role: isMac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        ...views,
        { type: 'separator' },
        { role: 'reload' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    {
      label: '&Run',
      submenu: [{ label: 'Pause or continue', accelerator: menuKeys.pauseOrContinue, click: () => command({ type: 'pause-or-continue' }) }],
    },
    {
      role: 'help',
      label: '&Help',
      submenu: [
        { label: 'Keyboard shortcuts', accelerator: menuKeys.shortcuts, click: () => command({ type: 'shortcuts' }) },
        ...(isMac ? [] : [...updateItems, { type: 'separator' as const }, aboutItem]),
      ],
    },
  ];
}
