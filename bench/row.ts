export interface Row {
  readonly name: string;
  readonly value: string;
  readonly goal?: string;
  /** The figure of `value` as a number, for programs. */
  readonly figure?: number;
  /** What `value` sums up, for programs. */
  readonly detail?: object;
}

/** Takes rows as they are found, in their order. */
export type Tell = (rows: readonly Row[]) => void;
