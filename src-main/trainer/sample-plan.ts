// Which images of a folder judge a run while it trains.
import { fingerprint } from '../../shared/contract/fingerprint.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { planEvaluation } from '../evaluation/protocol.ts';
import { minimumPerClass } from '../evaluation/sides.ts';
import type { TrainJob } from './protocol.ts';

/** Queries of a sample of this many images; the rest is the bank. */
const queryShare = 0.25;

/** Fewest images of a class in the bank and among the queries. */
const fewest = { bank: minimumPerClass, queries: 2 } as const;

/** The labels that judge a run of `most` images: all, or where those have too few images each a choice that depends on nothing else. */
function judgingLabels(images: readonly EvaluationImage[], most: number): ReadonlySet<string> {
  const labels = [...new Set(images.map(({ label }) => label))].filter((label) => label !== undefined);
  const room = Math.max(2, Math.floor(most / (fewest.bank + fewest.queries)));
  if (labels.length <= room) return new Set(labels);
  const mark = new Map(labels.map((label) => [label, `${fingerprint([label])} ${label}`]));
  return new Set(labels.toSorted((a, b) => (mark.get(a)! < mark.get(b)! ? -1 : 1)).slice(0, room));
}

/** The online sample: at most `most` images, a quarter of them queries. */
export function samplePlan(
  { images, queriesFor = 'both', labelsFrom }: Pick<TrainJob, 'images' | 'queriesFor' | 'labelsFrom'>,
  most: number,
): ReturnType<typeof planEvaluation> {
  const judging = judgingLabels(images, most);
  const judged = images.map((image) => (image.label === undefined || judging.has(image.label) ? image : { ...image, label: undefined }));
  const classes = new Set(judged.map(({ label }) => label)).size;
  return planEvaluation(judged, {
    queriesFor,
    labelsFrom,
    bankPerClass: Math.max(fewest.bank, Math.floor(((1 - queryShare) * most) / classes)),
    queriesPerClass: Math.max(fewest.queries, Math.floor((queryShare * most) / classes)),
    cropImages: Math.floor(most / 2),
  });
}
