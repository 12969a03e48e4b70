// The images that may judge an encoder, and for what they are asked.

export interface EvaluationImage {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** Hash of the content, hex. */
  readonly hash: string;
  readonly label: string | undefined;
  readonly split: Split | undefined;
}
export type Split = 'train' | 'test';

/** What choices are made on the split that asks: it is for `both`, each with a part of it, or all of it is for one of them alone. */
export type QueriesFor = 'both' | 'choosing' | 'reporting';
