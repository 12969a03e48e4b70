// What the window's page and the main process say to each other. Each end is bundled by itself: the preload is one file.
import type { MenuCommand } from '../../shared/face.ts';
import type { FromEngine, ToEngine } from '../../shared/messages.ts';

/** The engine's carrier, both ways. */
export const engineChannel = 'studio:engine';
/** What only a window can do: asked with an answer, asked without, told to the page. */
export const requestChannel = 'studio:request';
export const orderChannel = 'studio:order';
export const newsChannel = 'studio:news';

/** `page` differs for every load of a page, `port` for every connection of it. */
interface Address {
  readonly page: string;
  readonly port: number;
}
export type FromPage = Address & ({ readonly type: 'open' } | { readonly type: 'message'; readonly message: ToEngine });
export type ToPage = Address & ({ readonly type: 'closed' } | { readonly type: 'message'; readonly message: FromEngine });

/** Each is answered by a path, or nothing when it was cancelled. */
export type WindowRequest =
  | { readonly type: 'choose-folder' }
  | { readonly type: 'choose-file' }
  | { readonly type: 'choose-target'; readonly suggested: string };
export type WindowOrder =
  | { readonly type: 'reveal'; readonly path: string }
  | { readonly type: 'drag-out'; readonly images: readonly number[] }
  /** The page listens: what is the case is told at once. */
  | { readonly type: 'watch-power' };
export type WindowNews = { readonly type: 'menu'; readonly command: MenuCommand } | { readonly type: 'power'; readonly onBattery: boolean };
