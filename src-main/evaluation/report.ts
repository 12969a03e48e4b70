// The evaluation as a person reads it: this run beside its baselines in every space, and one sentence that says what it means.
import { readAgain } from '../../shared/decoded-images.ts';
import { pairedError } from '../../shared/paired-error.ts';
import { compareRun } from '../../shared/run-verdict.ts';
import type { Verdict } from '../../shared/run-verdict.ts';
import { cropRetrievalBias } from './crop-retrieval.ts';
import { nearDuplicateCosine, type SourceFigures, type SpaceFigures, type VectorSource } from './evaluate.ts';
import { bankSize } from './protocol.ts';
import type { CropProtocol, LabelProtocol } from './protocol.ts';
import { type SpaceKind, spaceKinds } from './spaces.ts';

/** A single answer is no figure of a report. */
export type ReportRow = Omit<SourceFigures, 'answers'>;

export interface EvaluationReport {
  readonly version: 1;
  readonly task: 'labels' | 'crops';
  /** Vectors looked up, and vectors they were looked up among. */
  readonly queries: number;
  readonly bank: number;
  readonly classes: readonly string[];
  /** How the images were chosen, and what that cannot tell. */
  readonly notes: readonly string[];
  /** This run first, then its baselines. */
  readonly rows: readonly ReportRow[];
  readonly headline: string;
  readonly verdict: Verdict;
  /** Share of the targets' variance that position alone explains, 0–1; `undefined` when not measured. */
  readonly positionalShare: number | undefined;
  /** Decoded images that were left out because they are damaged or gone. */
  readonly unreadable: number;
  /** Queries whose nearest image of the bank is almost the same picture; `undefined` when not measured. */
  readonly nearDuplicates: number | undefined;
}

/** What else was found while measuring. */
export interface Findings {
  readonly positionalShare?: number;
  readonly unreadable?: number;
  /** `here` when absent. */
  readonly learned?: Acquaintance;
  /** Contents of the folder that are known to be among those of a folder that was learned from, where it is not that folder: `unknown` then. */
  readonly common?: number;
  /** Whether the network was trained to make crops of an image agree, which is nearly what crop retrieval asks; so it was when absent. */
  readonly agreed?: boolean;
  /** Whether an earlier version made the run's choices, by another half of a folder without a split than is asked now. */
  readonly chosenOtherwise?: boolean;
}

/**
 * Whether the network has learned from the folder's images, and a checkpoint was chosen by them: `here`, here as it was before images,
 * labels or splits changed (`changed`), only `elsewhere`, or nobody knows.
 */
export type Acquaintance = 'here' | 'changed' | 'elsewhere' | 'unknown';
type Stranger = Exclude<Acquaintance, 'here' | 'changed'>;
const isStranger = (learned: Acquaintance): learned is Stranger => learned === 'elsewhere' || learned === 'unknown';

export const sourceNames: Readonly<Record<VectorSource, string>> = {
  run: 'this run',
  origin: 'weights it began with',
  untrained: 'untrained network',
  pixels: 'raw pixels',
};
export const spaceNames: Readonly<Record<SpaceKind, string>> = {
  raw: 'unchanged',
  centred: 'centred',
  whitened: 'whitened',
};

interface Column {
  readonly name: string;
  readonly figure: (figures: SpaceFigures) => number | undefined;
  readonly format: (value: number) => string;
  /** What it says, in plain words. */
  readonly meaning: string;
}
const percent = (value: number): string => (100 * value).toFixed(1);
const count = (value: number): string => value.toLocaleString('en');
const columns: readonly Column[] = [
  {
    name: '20-NN, % right',
    figure: (figures) => figures.neighbours,
    format: percent,
    meaning: 'How often the 20 nearest images vote for the query’s label; higher is better.',
  },
  {
    name: 'linear probe, % right',
    figure: (figures) => figures.probe,
    format: percent,
    meaning: 'How often a linear classifier, trained on the bank, predicts the query’s label; higher is better.',
  },
  {
    name: 'crop finds its partner first, %',
    figure: (figures) => figures.cropRecall,
    format: percent,
    meaning: 'How often the nearest of all other crops is the other crop of the same image; higher is better.',
  },
  {
    name: 'crop retrieval, mAP %',
    figure: (figures) => figures.cropPrecision,
    format: percent,
    meaning: 'How near the top of the list that partner stands on average; 100 is always first.',
  },
  {
    name: 'RankMe',
    figure: (figures) => figures.rankMe,
    format: (value) => value.toFixed(1),
    meaning: 'How many directions the vectors use; near 1 all images look alike to the encoder.',
  },
  {
    name: 'spectrum α',
    figure: (figures) => figures.alpha,
    format: (value) => value.toFixed(2),
    meaning: 'How steeply the directions lose strength; far above 1 a few of them carry nearly everything.',
  },
  {
    name: 'mean cosine',
    figure: (figures) => figures.meanCosine,
    format: (value) => value.toFixed(3),
    meaning: 'How alike any two images are on average; near 1 the encoder hardly tells them apart.',
  },
];

function figuresOnly(row: SourceFigures): ReportRow {
  const { answers: _a, ...figures } = row;
  return figures;
}

/** Puts the figures of all sources together; `protocol` is what they were measured on, `rows` come in any order. */
export function assembleReport(
  protocol: LabelProtocol | CropProtocol,
  rows: readonly SourceFigures[],
  { positionalShare, unreadable = 0, learned = 'here', common = 0, agreed = true, chosenOtherwise = false }: Findings = {},
): EvaluationReport {
  const history = { learned, common, agreed, chosenOtherwise };
  const order: readonly VectorSource[] = ['run', 'origin', 'untrained', 'pixels'];
  const sorted = [...rows].sort((a, b) => order.indexOf(a.source) - order.indexOf(b.source));
  const labels = protocol.kind === 'labels';
  const queries = labels ? protocol.queries.length : protocol.images.length;
  const { verdict, headline } = judge(sorted, protocol, queries);
  return {
    version: 1,
    task: protocol.kind,
    queries,
    bank: labels ? bankSize(protocol) : protocol.images.length,
    classes: labels ? protocol.classes : [],
    notes: [
      ...(labels ? labelNotes(protocol, history) : cropNotes(protocol, history)),
      ...(unreadable > 0 ? [`${unreadable} decoded images are damaged or gone, and were left out. ${readAgain}`] : []),
    ],
    rows: sorted.map(figuresOnly),
    headline,
    verdict,
    positionalShare,
    unreadable,
    nearDuplicates: rows.find(({ source }) => source === 'pixels')?.nearDuplicates,
  };
}

/** Names of classes in one sentence; folders may be thousands. */
const namesShown = 12;

const validationQueries =
  'These are validation queries, which help choose the best checkpoint: that flatters it slightly. Otherwise a report uses held-out queries, if there are enough.';

const cropPurpose: Readonly<Record<'choosing' | 'reporting', string>> = {
  choosing: validationQueries,
  reporting: 'Held-out queries come first; where a small folder has too few, validation queries are used too.',
};

const strangers: Readonly<Record<Stranger, string>> = {
  elsewhere: 'This network was not trained on the images of this folder, and none of them helped choose the checkpoint.',
  unknown:
    'The run was trained on another folder; it is not known whether some of these images were in it too, or where its starting weights come from.',
};

/** What is known of the network's history, all of it. */
type History = Required<Pick<Findings, 'learned' | 'common' | 'agreed' | 'chosenOtherwise'>>;

function strangerNote(learned: Stranger, common: number): string {
  if (common === 0) return strangers[learned];
  const those = common === 1 ? 'One image of this folder is' : `${count(common)} images of this folder are`;
  return `${those} also among those of a folder that the run, or the weights it began with, learned from: training may have seen them, and they may have helped choose the checkpoint.`;
}

const inNoHeldOut = 'that are in no validation or test split';

/** Those of the images that training has seen, as part of a sentence; undefined where there are none, or nobody knows. */
function seenByTraining({ images, unseen }: CropProtocol, learned: Acquaintance): string | undefined {
  if (isStranger(learned) || unseen?.length === images.length) return undefined;
  if (learned === 'changed') return 'those of these images that were there';
  return unseen && unseen.length > 0 ? `those of these images ${inNoHeldOut}` : 'these same images';
}

/** What a lead by crop retrieval shows, since training practises nearly that, and what would show more. */
function practiceNote(protocol: CropProtocol, learned: Acquaintance, agreed: boolean): string {
  const seen = seenByTraining(protocol, learned);
  const [on, has] = seen === undefined ? ['', ''] : [`, on ${seen}`, `Training has seen ${seen}. `];
  const practice = agreed ? `This is close to what training practises${on}: making crops of one image agree. ` : has;
  return `${practice}A lead over raw pixels shows that something was learned, not that neighbouring images are of the same kind: labels for about 120 images (from folders or a CSV file) would show that, or a look at neighbours.`;
}

function cropNotes(protocol: CropProtocol, { learned, common, agreed }: History): string[] {
  const { reason, purpose = 'choosing', bank } = protocol;
  return [
    reason,
    cropRetrievalBias,
    practiceNote(protocol, learned, agreed),
    isStranger(learned) ? strangerNote(learned, common) : cropPurpose[purpose],
    `The spaces are fitted on the crops of ${count(bank.length)} other images.`,
  ];
}

/** The same of a folder that is split here; a test part without anything to look it up in, for want of labels, is split too. */
function seenOfSplit({ unseen }: LabelProtocol, learned: Acquaintance): string | undefined {
  if (isStranger(learned) || unseen === 'all') return undefined;
  if (learned === 'changed') return 'those that were there';
  return unseen === 'some' ? `those of them ${inNoHeldOut}` : 'them all';
}

function labelNotes(protocol: LabelProtocol, { learned, common, chosenOtherwise }: History): string[] {
  const { leftOut, repeated, purpose = 'choosing', queriesFor = 'both', shared = 0, classes } = protocol;
  const folds = new Set(protocol.folds).size;
  const byHash =
    folds > 1
      ? `Images were split by their hash into ${folds} folds, so that more of them are queries, each with a bank that leaves it out`
      : 'Bank and queries were split by the hash of the images';
  const seen = seenOfSplit(protocol, learned);
  const bySplit = `${byHash}${seen === undefined ? '' : `; training has seen ${seen}, without their labels`}.`;
  const asksToChoose = (queriesFor === 'both' ? purpose : queriesFor) === 'choosing';
  // Which of a test part ask for what goes by their order, and without one by their contents.
  const mixed =
    protocol.split === 'folders'
      ? learned === 'changed' && 'The folder has changed since the run began'
      : chosenOtherwise && 'The run was trained by an earlier version';
  const untouched = mixed
    ? `${mixed}: some of these queries may have helped choose the checkpoint.`
    : 'These are held-out queries: none helped choose the checkpoint.';
  const chosenBy = asksToChoose ? validationQueries : untouched;
  const notes = [
    protocol.split === 'folders' ? 'Bank and queries are splits of the folder.' : bySplit,
    isStranger(learned) ? strangerNote(learned, common) : chosenBy,
  ];
  if (purpose === 'reporting' && shared > 0 && !isStranger(learned)) {
    notes[1] = `Too few images to hold some out: in ${shared} of ${classes.length} classes these same queries helped choose the checkpoint.`;
  }
  if (leftOut.length > 0) {
    const more = leftOut.length > namesShown ? ` and ${leftOut.length - namesShown} more` : '';
    notes.push(`Left out, too few images: ${leftOut.slice(0, namesShown).join(', ')}${more}.`);
  }
  if (repeated > 0) notes.push(`${repeated} queries are copies of images of the bank, which flatters every row.`);
  return notes;
}

/** The space that search uses unless another is asked for, and that training judges in: the best of three would flatter each row. */
const judged = 'whitened' satisfies SpaceKind;

interface Standing {
  /** 0–1. */
  readonly score: number;
  readonly answers: Float64Array;
}

/** All rows count in one space, the baselines too. */
function judge(
  rows: readonly SourceFigures[],
  protocol: LabelProtocol | CropProtocol,
  queries: number,
): Pick<EvaluationReport, 'headline' | 'verdict'> {
  const labels = protocol.kind === 'labels';
  const standing = (source: VectorSource): Standing | undefined => {
    const row = rows.find((one) => one.source === source);
    if (!row) return undefined;
    const { neighbours, cropRecall } = row.spaces[judged];
    return { score: (labels ? neighbours : cropRecall) ?? 0, answers: row.answers[judged] };
  };
  const [run, pixels, untrained, origin] = [standing('run'), standing('pixels'), standing('untrained'), standing('origin')];
  if (run === undefined) return { headline: 'This run has not been measured.', verdict: 'no-baseline' };
  // A picture that was lost between two sources asked the first one only.
  const errorOf = (baseline: Standing | undefined): number | undefined =>
    baseline?.answers.length === run.answers.length ? pairedError(run.answers, baseline.answers) : undefined;
  const { verdict, headline, statement } = compareRun({
    task: labels ? 'knn' : 'retrieval',
    run: run.score,
    pixels: pixels?.score,
    untrained: untrained?.score,
    origin: origin?.score,
    errors: { pixels: errorOf(pixels), untrained: errorOf(untrained), origin: errorOf(origin) },
    queries,
    labelsFrom: labels ? protocol.labelsFrom : undefined,
  });
  return { verdict, headline: `${headline}. ${statement} All in the ${spaceNames[judged]} space, which search uses by default.` };
}

function nearDuplicateLine(queries: number): string {
  const found = `a near-duplicate in the bank (cosine of whitened raw pixels at least ${nearDuplicateCosine})`;
  return queries === 0 ? `No query has ${found}.` : `Queries with ${found}: ${queries}, which flatters every row.`;
}

/** One measure as a table: a row per source, in each a cell per space in the order of `spaceKinds`; a dash is "not measured". */
export interface MeasureTable {
  readonly name: string;
  /** What it says, in plain words. */
  readonly meaning: string;
  readonly rows: readonly { readonly source: VectorSource; readonly cells: readonly string[] }[];
}

/** The figures of a report, a table per measure; measures nobody has are left out. */
export function measureTables({ rows }: Pick<EvaluationReport, 'rows'>): MeasureTable[] {
  return columns
    .filter(({ figure }) => rows.some((row) => spaceKinds.some((kind) => figure(row.spaces[kind]) !== undefined)))
    .map(({ name, meaning, figure, format }) => ({
      name,
      meaning,
      rows: rows.map(({ source, spaces }) => ({
        source,
        cells: spaceKinds.map((kind) => {
          const value = figure(spaces[kind]);
          return value === undefined ? '–' : format(value);
        }),
      })),
    }));
}

/** What the figures were measured on and what flatters them, a sentence each. */
export function reportFacts(report: EvaluationReport): string[] {
  const { task, queries, bank, classes, positionalShare, nearDuplicates, notes } = report;
  return [
    ...(positionalShare === undefined ? [] : [`Position alone explains ${percent(positionalShare)} % of the variance of the targets.`]),
    task === 'labels'
      ? `${count(queries)} queries among ${count(bank)} images of ${count(classes.length)} classes.`
      : `${count(queries)} images, two crops each.`,
    ...(nearDuplicates === undefined ? [] : [nearDuplicateLine(nearDuplicates)]),
    ...notes,
  ];
}

/** The report as text of fixed width: headline, a block per measure, what it was measured on. */
export function renderReport(report: EvaluationReport): string {
  const lines = [report.headline, ''];
  const indented = report.rows.map(({ source }) => sourceNames[source].length + 2);
  const first = Math.max(...columns.map(({ name }) => name.length), ...indented, 20);
  const aligned = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(10)).join('');
  for (const { name, meaning, rows } of measureTables(report)) {
    lines.push(name.padEnd(first) + aligned(spaceKinds.map((kind) => spaceNames[kind])));
    for (const { source, cells } of rows) lines.push(`  ${sourceNames[source]}`.padEnd(first) + aligned(cells));
    lines.push(`  ${meaning}`, '');
  }
  return [...lines, ...reportFacts(report)].join('\n');
}
