// What the window's page and the main process say to each other. Each end is bundled by itself: the preload is one file.
import type { WindowChannel } from '../../shared/contract/contract-window.ts';
import type { MenuCommand } from '../../shared/contract/face.ts';
import type { FromEngine, ToEngine } from '../../shared/contract/messages.ts';

/** The engine's carrier, both ways. */
export const engineChannel = 'studio:engine';
/** What only a window can do: asked for by the page and answered, told to the page. */
export const requestChannel = 'studio:request';
export const newsChannel = 'studio:news';

/** `page` differs for every load of a page, `port` for every connection of it. */
interface Address {
  readonly page: string;
  readonly port: number;
}
export type FromPage = Address & ({ readonly type: 'open' } | { readonly type: 'message'; readonly message: ToEngine });
export type ToPage = Address & ({ readonly type: 'closed' } | { readonly type: 'message'; readonly message: FromEngine });

/** `windowChannels` has what there is to ask for. */
export interface WindowRequest {
  readonly channel: WindowChannel;
  readonly input: unknown;
}
export type WindowNews = { readonly type: 'menu'; readonly command: MenuCommand } | { readonly type: 'power'; readonly onBattery: boolean };
