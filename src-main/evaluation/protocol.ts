// Which images judge an encoder: a bank to look things up in and queries that are looked up. A pure function of the images' paths,
// contents and labels, so that every run of a folder is judged by the same images.
import { fingerprint } from '../../shared/contract/fingerprint.ts';
import type { EvaluationImage, QueriesFor, Split } from './evaluation-image.ts';
import {
  canKeepBack,
  compareNames,
  differentByHash,
  foldsFor,
  isEnough,
  minimumPerClass,
  minimumQueries,
  mostFolds,
  purposes,
  splitByFolders,
  splitByHash,
} from './sides.ts';

export interface ProtocolOptions {
  /** `choosing`: the first queries of each class, for every decision; `reporting`: all the others, to be looked at once. */
  readonly purpose?: 'choosing' | 'reporting';
  readonly queriesFor?: QueriesFor;
  /** Where the labels come from; the names of folders when absent. */
  readonly labelsFrom?: 'file' | undefined;
  readonly bankPerClass?: number;
  /** For choosing. Where the split is for both, never more than 200, nor than half of a class where halves are enough. */
  readonly queriesPerClass?: number;
  /** Most images for crop retrieval: one half asks, the spaces are fitted on the other. */
  readonly cropImages?: number;
}

export interface LabelProtocol {
  readonly kind: 'labels';
  /** `folders`: train and test as the folder has them; `hash`: split here. */
  readonly split: 'folders' | 'hash';
  readonly classes: readonly string[];
  /** Positions in the list of images; labels are positions in `classes`. */
  readonly bank: Uint32Array;
  readonly bankLabels: Uint32Array;
  readonly queries: Uint32Array;
  readonly queryLabels: Uint32Array;
  /** Of each query: those of a fold are looked up in the bank and the queries of all other folds; without it in the bank alone. */
  readonly folds?: Uint8Array;
  /** Classes left out because they have fewer than {@link minimumPerClass} images on a side. */
  readonly leftOut: readonly string[];
  /** Which contents ask, in which order: plans with the same are answered by the same pictures. */
  readonly asked: string;
  /** In which contents they are looked up, and which of all these have the same label: plans with the same count the same answers as right. */
  readonly lookedUpIn: string;
  /** Queries whose very content is in the bank too. */
  readonly repeated: number;
  readonly purpose?: 'choosing' | 'reporting';
  readonly queriesFor?: QueriesFor;
  readonly labelsFrom?: 'file';
  /** Of a folder that is split here: whether all or some of these images are of its test part, which no run learns from; absent where none is. */
  readonly unseen?: 'all' | 'some';
  /** Classes whose queries serve choosing and reporting alike, because they have too few. */
  readonly shared?: number;
}

export interface CropProtocol {
  readonly kind: 'crops';
  /** Positions in the list of images: those whose crops look for each other, and others to fit the spaces on. */
  readonly images: Uint32Array;
  readonly bank: Uint32Array;
  /** Those of `images` that are of a test part, which no run learns from; absent where there are none. */
  readonly unseen?: Uint32Array;
  /** As of labels. */
  readonly asked: string;
  /** Why labels are not used. */
  readonly reason: string;
  readonly purpose?: 'choosing' | 'reporting';
}

/** The split that a path's folders name: `train/…`, `test/…`, also `val` and `validation` at any depth above the file. */
export function splitOfPath(path: string): Split | undefined {
  for (const folder of path.toLowerCase().split('/').slice(0, -1)) {
    if (folder === 'train' || folder === 'training') return 'train';
    if (folder === 'test' || folder === 'val' || folder === 'valid' || folder === 'validation') return 'test';
  }
  return undefined;
}

/**
 * Chooses bank and queries. With train and test: the first 1,000 files by name of each class of train, and the first 200 of each
 * class of test, or the first half of a smaller class where the halves are enough (`choosing`), or the rest (`reporting`); all of it
 * may ask when `queriesFor` keeps it for one purpose. Without: copies of one content count once, each class is ordered by hash, and
 * by a bit of it each image may ask for choosing or for reporting: a fifth of those, or in a small folder up to five fifths one after
 * the other, which are `folds`. Without two usable classes or 50 queries: crop retrieval on up to 2,000 images (half of them ask, their
 * spaces are fitted on the other half), chosen from one end of the order by hash and reported from the other.
 */
export function planEvaluation(images: readonly EvaluationImage[], options: ProtocolOptions = {}): LabelProtocol | CropProtocol {
  const { purpose = 'choosing', queriesFor = 'both', bankPerClass = 1000, queriesPerClass = 200, cropImages = 2000, labelsFrom } = options;
  const labelled = images.some((image) => image.label !== undefined);
  const crops = (reason: string): CropProtocol => {
    const rows = cropRows(images, cropImages, purpose);
    const asked = fingerprint(Array.from(rows.images, (row) => images[row]!.hash));
    const unseen = rows.images.filter((row) => images[row]!.split === 'test');
    return { kind: 'crops', ...rows, ...(unseen.length > 0 && { unseen }), asked, reason, purpose };
  };
  if (!labelled) return crops('The images have no labels.');
  const folders = ['train', 'test'].every((split) => images.some((image) => image.split === split && image.label !== undefined));
  const classes: string[] = [];
  const leftOut: string[] = [];
  const bank: number[] = [];
  const bankLabels: number[] = [];
  const queries: number[] = [];
  const queryLabels: number[] = [];
  const foldOf: number[] = [];
  let shared = 0;
  // The other purpose's queries count too: both judge by labels, or neither.
  const asked = { choosing: 0, reporting: 0 };
  const asking = { choosing: 0, reporting: 0 };
  const groups = [...byLabel(images)].sort(([a], [b]) => compareNames(a, b));
  const keepBack = canKeepBack(images, groups);
  const folds = folders ? 1 : foldsFor(images, groups, queriesPerClass);
  for (const [label, members] of groups) {
    const sides = folders
      ? splitByFolders(images, members, { purpose, queriesFor, queriesPerClass }, keepBack)
      : splitByHash(images, members, { purpose, queriesPerClass }, folds);
    // By their hashes all images of a small class may ask for the other purpose: for this one they are looked up in.
    if (folders ? sides.bank.length < minimumPerClass || sides.queries.length === 0 : !isEnough(images, members)) {
      leftOut.push(label);
      continue;
    }
    shared += Number(sides.shared);
    for (const one of purposes) {
      const { queries: its } = folders ? sides : splitByHash(images, members, { purpose: one, queriesPerClass }, folds);
      asked[one] += its.length;
      asking[one] += Number(its.length > 0);
    }
    // In folds the queries of all others are looked up in too.
    const others = sides.queries.length - Math.ceil(sides.queries.length / folds);
    for (const row of sides.bank.slice(0, Math.max(0, bankPerClass - others))) {
      bank.push(row);
      bankLabels.push(classes.length);
    }
    for (const [i, row] of sides.queries.entries()) {
      queries.push(row);
      queryLabels.push(classes.length);
      foldOf.push(i % folds);
    }
    classes.push(label);
  }
  if (Math.min(asking.choosing, asking.reporting) < 2)
    return crops(`Fewer than two classes have ${minimumPerClass} images for the bank and one for a query.`);
  const fewest = Math.min(asked.choosing, asked.reporting);
  if (fewest < minimumQueries) {
    return crops(`Of the images with labels only ${fewest} can be queries, and fewer than ${minimumQueries} show too little.`);
  }
  const known = new Set(bank.map((row) => images[row]!.hash));
  const heldOut = folders ? [] : [...bank, ...queries].filter((row) => images[row]!.split === 'test');
  return {
    kind: 'labels',
    split: folders ? 'folders' : 'hash',
    classes,
    bank: Uint32Array.from(bank),
    bankLabels: Uint32Array.from(bankLabels),
    queries: Uint32Array.from(queries),
    queryLabels: Uint32Array.from(queryLabels),
    ...(folds > 1 && { folds: Uint8Array.from(foldOf) }),
    leftOut,
    asked: fingerprint(queries.map((row) => images[row]!.hash)),
    lookedUpIn: sameLabels(images, [bank, queries], [bankLabels, queryLabels]),
    repeated: queries.filter((row) => known.has(images[row]!.hash)).length,
    purpose,
    queriesFor,
    ...(labelsFrom && { labelsFrom }),
    ...(heldOut.length > 0 && { unseen: heldOut.length === bank.length + queries.length ? 'all' : 'some' }),
    shared,
  };
}

/** Contents of several sides and which of them have the same label, as one word: neither names of files nor of labels matter, nor their order. */
function sameLabels(
  images: readonly EvaluationImage[],
  sides: readonly (readonly number[])[],
  labels: readonly (readonly number[])[],
): string {
  const all = sides.flatMap((rows, side) => rows.map((row, i) => ({ key: `${images[row]!.hash} ${side}`, label: labels[side]![i]! })));
  const ordered = all.toSorted((a, b) => compareNames(a.key, b.key));
  const numbers = new Map<number, number>();
  return fingerprint(
    ordered.map(({ key, label }) => {
      if (!numbers.has(label)) numbers.set(label, numbers.size);
      return `${key} ${numbers.get(label)!}`;
    }),
  );
}

/** Those that ask come first from their end of the order; where there are few, the bank may hold what asks for the other purpose. */
function cropRows(
  images: readonly EvaluationImage[],
  count: number,
  purpose: 'choosing' | 'reporting',
): Pick<CropProtocol, 'images' | 'bank'> {
  const ordered = differentByHash(images, [...images.keys()]);
  const taken = (purpose === 'choosing' ? ordered : ordered.toReversed()).slice(0, count);
  const asking = Math.ceil(taken.length / 2);
  return { images: Uint32Array.from(taken.slice(0, asking)), bank: Uint32Array.from(taken.slice(asking)) };
}

/** The plan without some rows, those of pictures that cannot be read. */
export function withoutRows<P extends LabelProtocol | CropProtocol>(plan: P, lost: ReadonlySet<number>): P {
  if (lost.size === 0) return plan;
  const kept = (rows: Uint32Array): Uint32Array => rows.filter((row) => !lost.has(row));
  if (plan.kind === 'crops')
    return { ...plan, images: kept(plan.images), bank: kept(plan.bank), ...(plan.unseen && { unseen: kept(plan.unseen) }) };
  const { bank, bankLabels, queries, queryLabels, folds } = plan;
  return {
    ...plan,
    ...(folds && { folds: folds.filter((_, i) => !lost.has(queries[i]!)) }),
    bank: kept(bank),
    bankLabels: bankLabels.filter((_, i) => !lost.has(bank[i]!)),
    queries: kept(queries),
    queryLabels: queryLabels.filter((_, i) => !lost.has(queries[i]!)),
  };
}

/** Why nothing can be measured by a plan, in a sentence; undefined where something can. */
export function tooFew(plan: LabelProtocol | CropProtocol): string | undefined {
  if (plan.kind === 'labels') {
    const { bank, queries, folds } = plan;
    const largestFold = folds
      ? Math.max(0, ...Array.from({ length: mostFolds }, (_, fold) => folds.filter((one) => one === fold).length))
      : queries.length;
    if (bank.length + queries.length - largestFold >= minimumPerClass && queries.length > 0) return undefined;
    return `Of the images with labels only ${plan.bank.length + plan.queries.length} can be read.`;
  }
  if (plan.images.length >= 2 && plan.bank.length >= 2) return undefined;
  return `Crop retrieval needs two query images and two others to fit its spaces on; here there are ${plan.images.length} and ${plan.bank.length}.`;
}

function byLabel(images: readonly EvaluationImage[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [row, { label }] of images.entries()) {
    if (label === undefined) continue;
    const members = groups.get(label);
    if (members) members.push(row);
    else groups.set(label, [row]);
  }
  return groups;
}

/** How many images a query is looked up in; of folds the mean. */
export function bankSize({ bank, queries, folds }: LabelProtocol): number {
  const count = folds ? new Set(folds).size : 1;
  return bank.length + Math.round(queries.length * (1 - 1 / count));
}
