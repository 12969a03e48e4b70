// What a page can ask of the place that it is shown in: the window or a browser. Work is never asked for here but of the engine, so
// that every face can do it; this is only what an operating system's window has and a browser has not. Whatever is optional is absent
// where it cannot be done, and the page then offers another way (the folder picker of `system.folders`, a download).
import type { AppError } from '../errors.ts';
import type { WindowAnswer, WindowChannel } from './contract-window.ts';
import type { FileKind } from './file-kinds.ts';
import type { PagePort } from './messages.ts';

/** Under this name the window's preload puts its bridge on the page's global object; a browser has none. */
export const bridgeKey = 'studioWindow';

/** Address of the browser face's WebSocket, relative to the page; its messages are the frames of `frames.ts`. */
export const socketPath = 'engine';
/** Under this name a browser keeps the path of the page, which is known to nobody else: from the bare address it finds back. */
export const addressKey = 'ijepa-studio.address';
/** Parameter of the socket's address: the page's own script, whose name changes with its content. What a page understands of answers shows nowhere else. */
export const scriptParameter = 'script';

/** Views of the page that the menu can open. */
export const viewNames = ['library', 'masks', 'train', 'explore', 'map', 'export', 'settings'] as const;
export type ViewName = (typeof viewNames)[number];

/** Keys of the window's menu, as Electron writes them: the menu has them, and the page's list of shortcuts names them. */
export const menuKeys = { openFolder: 'CmdOrCtrl+O', pauseOrContinue: 'CmdOrCtrl+Shift+P', shortcuts: 'CmdOrCtrl+/' } as const;
/** As `menuKeys`: the views have the digits. */
export const viewKey = (view: ViewName): string => `CmdOrCtrl+${viewNames.indexOf(view) + 1}`;

/** What the person chose in the window's menu. */
export type MenuCommand =
  | { readonly type: 'view'; readonly view: ViewName }
  /** A folder was chosen: scan it. */
  | { readonly type: 'open-folder'; readonly path: string }
  /** Pauses the run that trains, or goes on with it. */
  | { readonly type: 'pause-or-continue' }
  /** The page's own list of shortcuts. */
  | { readonly type: 'shortcuts' };

/** What the window's face is made of: only data and functions, since that is all that Electron lets through to a page. */
export interface WindowBridge {
  connect(): PagePort;
  ask(channel: WindowChannel, input: unknown): Promise<WindowAnswer>;
  pathOf(file: object): string | undefined;
  onMenu(handler: (command: MenuCommand) => void): () => void;
  /** Tells nothing before `window.watch-power` was asked for. */
  onPower(handler: (onBattery: boolean) => void): () => void;
}

export interface Face {
  readonly kind: 'window' | 'browser';
  /** A connection to the engine, one per page. After `onClose` the page connects anew or is reloaded. */
  connect(): PagePort;
  /** A dialog for an existing folder: its absolute path, or nothing when it was cancelled. */
  chooseFolder?(): Promise<string | undefined>;
  /** A dialog for an existing file of a kind: labels, or weights. */
  chooseFile?(kind: FileKind): Promise<string | undefined>;
  /** A dialog for a new file or folder; `suggested` is an absolute path. */
  chooseTarget?(suggested: string): Promise<string | undefined>;
  /** Shows a file or folder in the system's file manager. */
  reveal?(path: string): void;
  /** Drags the files of these images, at most `mostDragged`, out of the window: called in `dragstart`, after its default was prevented. */
  dragOut?(images: readonly number[]): void;
  /** Absolute path of a dropped file or folder (a DOM `File`); nothing where the system gives none. */
  pathOf?(file: object): string | undefined;
  /** A notice outside of the page. Absent in the window, which tells of the ends of jobs itself, even while its page is reloaded. */
  notify?(title: string, text: string): void;
  /** What went wrong with something that gives no answer. Returns how to stop. */
  onFail?(handler: (error: AppError) => void): () => void;
  /** Commands of the menu; returns how to stop. */
  onMenu?(handler: (command: MenuCommand) => void): () => void;
  /** Called at once and at every change of the power supply; returns how to stop. */
  onPower?(handler: (onBattery: boolean) => void): () => void;
}
