// The commands that come next, once a run has ended.
import { runNames } from '../engine/home.ts';
import type { Home } from '../engine/home.ts';

const quoted = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : JSON.stringify(text));

/** What to type next, with what is needed to mean this run. `home` is the one that was given, if any. */
export function nextCommands(place: Home, name: string, isDone: boolean, home?: string): string[] {
  const flags = `${runNames(place).at(-1) === name ? '' : ` --run ${quoted(name)}`}${home === undefined ? '' : ` --home ${quoted(home)}`}`;
  return [
    ...(isDone ? [] : [`Go on where it stopped:  ijepa-studio train --resume${flags}`]),
    `Evaluate (new queries):  ijepa-studio evaluate${flags}`,
    `Compute the vectors:     ijepa-studio embed${flags}`,
    `Then find look-alikes:   ijepa-studio search --image FILE${flags}`,
  ];
}
