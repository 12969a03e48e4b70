// What came of a run, in a sentence, and the commands that come next.
import { verdictOf } from '../../shared/run-verdict.ts';
import { runNames } from '../engine/home.ts';
import type { Home } from '../engine/home.ts';
import type { RunDescription } from '../engine/inspect.ts';
import { count } from './output.ts';

/** The best checkpoint beside both baselines; undefined where nothing was judged. */
export function resultText({
  evaluations,
  best,
  baselines,
}: Pick<RunDescription, 'evaluations' | 'best' | 'baselines'>): string | undefined {
  const judged = evaluations.findLast(({ step }) => step === best);
  if (!judged) return undefined;
  const found = verdictOf(judged, baselines);
  return found && `${found.headline}. ${found.statement} That is the best checkpoint, step ${count(judged.step)}, in the whitened space.`;
}

const quoted = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : JSON.stringify(text));

/** What to type next, with what is needed to mean this run. `home` is the one that was given, if any. */
export function nextCommands(place: Home, name: string, isDone: boolean, home?: string): string[] {
  const flags = `${runNames(place).at(-1) === name ? '' : ` --run ${quoted(name)}`}${home === undefined ? '' : ` --home ${quoted(home)}`}`;
  return [
    ...(isDone ? [] : [`Go on where it stopped:  ijepa-studio train --resume${flags}`]),
    `Compute the vectors:     ijepa-studio embed${flags}`,
    `Then find look-alikes:   ijepa-studio search --image FILE${flags}`,
  ];
}
