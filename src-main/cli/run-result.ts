// What came of a run, in a sentence, and the commands that come next.
import type { SpaceScores } from '../../shared/train-events.ts';
import { runNames } from '../engine/home.ts';
import type { Home } from '../engine/home.ts';
import type { RunDescription } from '../engine/inspect.ts';
import { count } from './output.ts';

const percent = (value: number | undefined): string => (value === undefined ? 'not measured' : `${(100 * value).toFixed(1)} %`);

/** The best checkpoint beside both baselines; undefined where nothing was judged. */
export function resultText({
  evaluations,
  best,
  baselines,
}: Pick<RunDescription, 'evaluations' | 'best' | 'baselines'>): string | undefined {
  const judged = evaluations.findLast(({ step }) => step === best);
  if (!judged) return undefined;
  const byLabels = judged.whitened.knn !== undefined;
  const score = (scores: SpaceScores | undefined): number | undefined => (byLabels ? scores?.knn : scores?.retrieval);
  const [own, untrained, pixels] = [judged, baselines?.untrained, baselines?.pixels].map((one) => score(one?.whitened));
  const what = byLabels ? 'neighbours share a label' : 'two crops of an image find each other';
  const known = [untrained, pixels].filter((one) => one !== undefined);
  const above = known.filter((one) => own! > one).length;
  const verdict =
    known.length < 2
      ? ''
      : above === 2
        ? ': more than both'
        : above === 0
          ? ': no more than either'
          : `: more than ${own! > untrained! ? 'the untrained network, not than raw pixels' : 'raw pixels, not than the untrained network'}`;
  return `Best checkpoint: step ${count(judged.step)}, where ${what} in ${percent(own)} of cases (untrained network ${percent(untrained)}, raw pixels ${percent(pixels)})${verdict}.`;
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
