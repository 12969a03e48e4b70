// The evaluation as a person reads it: this run beside its baselines in every space, and one sentence that says what it means.
import { readAgain } from '../../shared/decoded-images.ts';
import { pairedError } from '../../shared/paired-error.ts';
import { compareRun } from '../../shared/run-verdict.ts';
import type { Verdict } from '../../shared/run-verdict.ts';
import { nearDuplicateCosine, type SourceFigures, type SpaceFigures, type VectorSource } from './evaluate.ts';
import { bankSize } from './protocol.ts';
import type { CropProtocol, LabelProtocol } from './protocol.ts';
import { cropNotes, labelNotes } from './report-notes.ts';
import type { History } from './report-notes.ts';
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

/** What else was found while measuring; of the history: `here`, nothing in common, crops that agree, choices as now when absent. */
export interface Findings extends Partial<History> {
  readonly positionalShare?: number;
  readonly unreadable?: number;
}

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
