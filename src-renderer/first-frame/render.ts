// The app as it stands while the engine starts, as markup. Runs as the page is built (vite.first-frame.ts), in no browser.
import { render } from 'svelte/server';
import type { Face } from '../../shared/contract/face.ts';
import App from '../App.svelte';

/** Nothing is ever said: the state in which every page begins. */
const silent: Face = { kind: 'browser', connect: () => ({ send: () => {}, onMessage: () => {}, onClose: () => {} }) };

/** Throws where a component needs a browser to be drawn. */
export function renderFirstFrame(): string {
  Object.assign(globalThis, { location: { hash: '' }, addEventListener: () => {} });
  // Marks for taking the nodes over, which the app does not: it makes its own.
  return render(App, { props: { face: silent } }).body.replaceAll(/<!--.*?-->/g, '');
}
