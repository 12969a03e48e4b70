// What a line chart shows, as data.

export interface ChartLine {
  readonly id: string;
  readonly label: string;
  /** Token of its colour. */
  readonly colour: string;
  /** Lengths of dashes and gaps; none: a whole line. */
  readonly dash?: readonly number[];
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Before smoothing: drawn faint behind it. */
  readonly raw?: ArrayLike<number>;
  /** Least and largest value of each place: no spike is lost. */
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
  /** A dot at each place: for values that are few. */
  readonly dots?: boolean;
  /** Places at which it begins anew: what lies behind one does not compare with what lies up to it. */
  readonly breaks?: readonly number[];
}

/** A level between two places of the axis, or from its beginning, or to its end. */
export interface ChartLevel {
  readonly y: number;
  readonly from?: number;
  readonly until?: number;
}

/** What the lines are compared with; its levels follow one another. */
export interface ChartReference {
  readonly label: string;
  readonly levels: readonly ChartLevel[];
  readonly colour: string;
  readonly dash: readonly number[];
}

/** Both ends of a level within an axis; undefined where nothing of it is there. */
export function endsOf(
  { from = -Infinity, until = Infinity }: ChartLevel,
  [low, high]: readonly [number, number],
): readonly [number, number] | undefined {
  const ends = [Math.max(low, from), Math.min(high, until)] as const;
  return ends[0] < ends[1] ? ends : undefined;
}

export type Point = { readonly x: number; readonly y: number };

/** What a line is drawn through: without values that are no number, and with one that is none, which leaves a gap, behind each of `breaks`. */
export function points(x: ArrayLike<number>, y: ArrayLike<number>, breaks: readonly number[] = []): Point[] {
  const list: Point[] = [];
  for (let i = 0; i < x.length; i++) {
    const [at, value] = [x[i]!, y[i]!];
    if (!Number.isFinite(value)) continue;
    const before = list.at(-1);
    // What is no number is a gap.
    if (before && breaks.some((place) => before.x <= place && place < at)) list.push({ x: at, y: Number.NaN });
    list.push({ x: at, y: value });
  }
  return list;
}

/** Rows of a table that a person can read through: at most `most` of the places, evenly chosen, the last one always. */
export function tableRows(length: number, most = 60): number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, i) => (count === 1 ? length - 1 : Math.round((i * (length - 1)) / (count - 1))));
}
