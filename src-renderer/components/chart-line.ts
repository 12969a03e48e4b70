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
}

/** A level that the lines are compared with. */
export interface ChartReference {
  readonly label: string;
  readonly y: number;
  readonly colour: string;
  readonly dash: readonly number[];
}

/** Rows of a table that a person can read through: at most `most` of the places, evenly chosen, the last one always. */
export function tableRows(length: number, most = 60): number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, i) => (count === 1 ? length - 1 : Math.round((i * (length - 1)) / (count - 1))));
}
