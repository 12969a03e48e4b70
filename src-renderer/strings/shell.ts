// The frame around all views.
import { menuKeys, viewKey, viewNames } from '../../shared/contract/face.ts';
import { otherVersion } from '../../shared/contract/rpc-client.ts';
import { formatCount, plural } from './format.ts';

/** Where the keys are for, and what each does. */
export type ShortcutGroup = readonly [where: string, keys: readonly (readonly [keys: string, what: string])[]];

const views = {
  welcome: 'Start',
  library: 'Library',
  masks: 'Masks',
  train: 'Train',
  explore: 'Explore',
  map: 'Map',
  export: 'Export',
  settings: 'Settings',
} as const;

/** Keys as Electron writes them, for a person. */
const keysOf = (accelerator: string): string => accelerator.replace('CmdOrCtrl', 'Ctrl').split('+').join(' + ');

export const shell = {
  name: 'I-JEPA Studio',
  skip: 'Skip to the content',
  navigation: 'Views',
  start: 'Start',
  views,
  folder: 'Folder',
  noFolder: 'No folder yet',
  addFolder: 'Add a folder…',
  folderMissing: 'not there now',
  connecting: 'Starting the engine…',
  connectingLong: 'This takes longer than usual. The engine starts in a few seconds on most computers.',
  unreachable: 'If the program was ended, start it again the way you started it, and open the address that it prints.',
  engine: {
    starting: 'Connecting to the engine again…',
    crashed:
      'The engine stopped unexpectedly and is being started again. A run goes on from its last checkpoint; of other work that was under way you are told what to begin again.',
    ended: (reason: string | undefined) =>
      reason === otherVersion
        ? 'The program was replaced by another version while this page was open. Reload the page to go on; runs and vectors are as they were.'
        : `The engine is not running${reason ? `: it ${reason}` : ''}. Start it again, then reload this page.`,
  },
  viewFailed: 'This part of the page could not be loaded. It may be of another version: reload the page.',
  viewBroke: 'This view cannot be shown',
  viewBrokeText: 'Something in it was not as expected. Work goes on, and nothing is lost. Reload the page, or choose another view.',
  ready: 'Ready',
  jobs: (count: number) => (count === 1 ? '1 task' : `${count} tasks`),
  jobsTitle: 'Work under way',
  notices: 'Messages',
  messages: {
    title: 'Messages',
    text: 'Everything reported since this page was opened, latest first.',
    button: (unread: number) => (unread > 0 ? `Messages (${formatCount(unread)} new)` : 'Messages'),
    times: (times: number) => `${formatCount(times)} times`,
  },
  dropHere: 'Drop folders to add them, or images to look for ones like them',
  folderDropped: (folders: number) =>
    folders === 1
      ? 'A browser does not tell where a dropped folder lies. Choose it here instead: these are folders of the computer that runs the engine.'
      : `A browser does not tell where the ${formatCount(folders)} dropped folders lie. Choose one here instead, and add the others after it: these are folders of the computer that runs the engine.`,
  besideFolders: (files: number) => `${plural(files, 'file')} beside the folders ${files === 1 ? 'was' : 'were'} not taken.`,
  besideFoldersHint: 'Drop images without a folder to look for ones like them.',
  someNoImages: (others: number, all: number) =>
    `${formatCount(others)} of the ${formatCount(all)} dropped files ${others === 1 ? 'is no image and was' : 'are no images and were'} not taken.`,
  tooManyFiles: (taken: number, all: number) => `${taken} of the ${all.toLocaleString('en')} dropped files are taken as queries.`,
  noImagesDropped: 'None of the dropped files is an image.',
  noImagesHint: 'Drop a folder, or files that are JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG or HEIC.',
  failed: (what: string) => `${what} failed`,
  shortcuts: {
    title: 'Keyboard shortcuts',
    mac: 'On a Mac ⌘ takes the place of Ctrl.',
    list: [
      [
        'Everywhere',
        [
          ['?', 'This list'],
          ['Esc', 'Close a dialog or the preview, clear the selection'],
        ],
      ],
      [
        'Library',
        [
          ['← → ↑ ↓', 'Move from image to image'],
          ['Page Up, Page Down, Home, End', 'Move by a screen, to the ends of the row'],
          ['Ctrl + Home, Ctrl + End', 'First and last image'],
          ['Space', 'Preview; arrows go on'],
          ['Enter', 'Details of the image'],
          ['Shift + arrows, Shift + click', 'Select a range'],
          ['Ctrl + click, Ctrl + Space', 'Add to or take from the selection'],
          ['Ctrl + A', 'Select all images that the filters show'],
          ['+ and −', 'Larger and smaller images'],
          ['Shift + F10', 'What can be done with the image'],
        ],
      ],
      [
        'Explore',
        [
          ['Arrows, Page Up, Page Down, Home, End', 'Move among the pictures as in the library'],
          ['Enter, double click', 'Look for pictures like this one'],
          ['+ and −', 'Add a found picture to the query: more like it, less like it'],
          ['Space', 'Preview; arrows go on'],
          ['Shift + arrows, Shift + click', 'Select a range'],
          ['Ctrl + click, Ctrl + Space', 'Add to or take from the selection'],
          ['Ctrl + A', 'Select everything that was found'],
          ['Ctrl + V', 'Look for pictures like the one on the clipboard'],
        ],
      ],
      [
        'Duplicates',
        [
          ['← → ↑ ↓, Page Up, Page Down, Home, End', 'Move from file to file and from group to group'],
          ['K', 'Keep this file of its group'],
          ['M', 'Mark the others of the group with the tag “duplicate”'],
          ['Enter, Space, double click', 'Compare side by side'],
          ['Ctrl + Z', 'Undo the last marks'],
        ],
      ],
      [
        'Map',
        [
          ['Drag, arrows', 'Move'],
          ['Wheel, + and −', 'Closer and further away'],
          ['0, double click beside the images', 'Show everything'],
          ['Click, Enter', 'Select the image, with the keyboard the one in the middle'],
          ['Ctrl + click, Ctrl + Enter', 'Add to or take from the selection'],
          ['Shift + drag', 'Select what is in a box'],
          ['Ctrl + Shift + drag', 'Select what is in an outline'],
          ['Double click on an image', 'Look for images like it'],
          ['Space', 'Preview of the image in the middle'],
        ],
      ],
      [
        'Charts of a run',
        [
          ['← →', 'Read the values at the step before and after'],
          ['Page Down, Page Up', 'Ten steps of the chart back and on'],
          ['+ and −, dragging', 'Zoom in and out, zoom to a range'],
          ['Shift + ← →', 'Earlier and later part of the run'],
          ['0, double click', 'The whole run'],
        ],
      ],
    ] satisfies readonly ShortcutGroup[],
    /** Only where there is a window with a menu. */
    menu: [
      'Menu of the window',
      [
        [keysOf(menuKeys.openFolder), 'Open a folder'],
        [`${keysOf(viewKey(viewNames[0]))} … ${viewNames.length}`, viewNames.map((view) => views[view]).join(', ')],
        [keysOf(menuKeys.pauseOrContinue), 'Pause the run, or go on with it'],
        [keysOf(menuKeys.shortcuts), 'This list'],
        ['Ctrl + R', 'Reload the page; work goes on'],
        ['Ctrl + Plus, Ctrl + Minus, Ctrl + 0', 'Everything larger, smaller, in its usual size'],
        ['F11 (on a Mac Ctrl + ⌘ + F)', 'Full screen'],
      ],
    ] satisfies ShortcutGroup,
  },
} as const;
