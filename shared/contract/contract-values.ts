// Inputs that several channels have.
import * as v from 'valibot';

const most = 2 ** 31 - 1;

export const nothing = v.strictObject({});
export const identity = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(most));
export const count = (limit: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(limit));
export const text = (limit: number) => v.pipe(v.string(), v.maxLength(limit));
/** A path of the engine's machine; whether it may be used is decided there. */
export const path = v.pipe(v.string(), v.minLength(1), v.maxLength(32_767));
export const runName = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
/** `best`, `latest` or a step. */
export const checkpoint = v.pipe(v.string(), v.regex(/^(best|latest|\d{1,12})$/, 'Give best, latest or a step.'));
export const layer = v.picklist(['last', 'last4']);
export const space = v.picklist(['raw', 'centred', 'whitened']);
export const score = v.pipe(v.number(), v.minValue(-1), v.maxValue(1));
export const images = (limit: number) => v.pipe(v.array(identity), v.maxLength(limit));
/** 1,000,000; not by the language's own means, which a page would pay for with a tenth of a second before it paints. */
const inThousands = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
/** Many of them: as text a million numbers would be 7 MB, and checked one by one. */
export const manyImages = (limit: number) =>
  v.pipe(
    v.instance(Int32Array, 'Give the numbers of images as an Int32Array.'),
    v.check((ids) => ids.length <= limit, `Give at most ${inThousands(limit)} images.`),
    v.check((ids) => ids.every((id) => id >= 1), 'Numbers of images begin at 1.'),
  );
/** Values for keys of the config table; the table itself checks them. */
export const settings = v.record(
  v.pipe(v.string(), v.maxLength(60)),
  v.union([v.number(), v.boolean(), text(200), v.pipe(v.array(v.number()), v.maxLength(3))]),
);
export const labelMode = v.variant('kind', [
  v.strictObject({ kind: v.literal('folders') }),
  v.strictObject({ kind: v.literal('off') }),
  v.strictObject({ kind: v.literal('csv'), file: path }),
]);

export type Layer = v.InferOutput<typeof layer>;
export type Space = v.InferOutput<typeof space>;
export type LabelSource = v.InferOutput<typeof labelMode>;
