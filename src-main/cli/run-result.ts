// The commands that come next, once a run has ended.
import { runNames } from '../engine/home.ts';
import type { Home } from '../engine/home.ts';

/** As a terminal takes it for one word. */
const quoted = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : JSON.stringify(text));

const homeFlag = (home: string | undefined): string => (home === undefined ? '' : ` --home ${quoted(home)}`);

/** What to type next, with what is needed to mean this run. `home` is the one that was given, if any. */
export function nextCommands(place: Home, name: string, isDone: boolean, home?: string): string[] {
  const flags = `${runNames(place).at(-1) === name ? '' : ` --run ${quoted(name)}`}${homeFlag(home)}`;
  return [
    ...(isDone ? [] : [`Go on where it stopped:  ijepa-studio train --resume${flags}`]),
    `Evaluate (new queries):  ijepa-studio evaluate${flags}`,
    `Compute the vectors:     ijepa-studio embed${flags}`,
    `Then find look-alikes:   ijepa-studio search --image FILE${flags}`,
  ];
}

/** The same for a run of imported weights, which has no folder of its own. */
export const useImported = (name: string, home?: string): string =>
  `Use it on a scanned folder: ijepa-studio embed FOLDER --run ${quoted(name)}${homeFlag(home)}`;
