// Random changes of a crop's colours (Chen et al. 2020, SimCLR, appendix A): two crops of an image then agree on more than its palette.
import type { Random } from '../../shared/random.ts';
import type { Target } from './crop.ts';

/** y = matrix · x of colours in 0–1, row-major; `contrast` then stretches around the mean luminance of the crop. */
export interface ColourChange {
  readonly matrix: readonly number[];
  readonly contrast: number;
}

/** Of red, green and blue in luminance (ITU-R BT.601). */
const luma = [0.299, 0.587, 0.114] as const;
/** Share of the crops that are changed at all. */
const changed = 0.8;
/** At strength 1: factors of brightness, contrast and saturation in 1 ± this, hue in ± that share of a turn. */
const [widest, widestTurn] = [0.8, 0.2];

/** Row-major 3×3 product. */
const times = (a: readonly number[], b: readonly number[]): number[] =>
  Array.from({ length: 9 }, (_, i) => [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(i / 3) + k]! * b[3 * k + (i % 3)]!, 0));

/** Keeps `share` of a colour's difference from its luminance. */
function saturation(share: number): number[] {
  return Array.from({ length: 9 }, (_, i) => (1 - share) * luma[i % 3]! + (i % 4 === 0 ? share : 0));
}

/** Turns colours around the grey axis by an angle in radians (Rodrigues' formula). */
function hue(angle: number): number[] {
  const [c, s] = [Math.cos(angle), Math.sin(angle) / Math.sqrt(3)];
  const axis = (1 - c) / 3;
  return [c + axis, axis - s, axis + s, axis + s, c + axis, axis - s, axis - s, axis + s, c + axis];
}

/** What becomes of a crop's colours, or undefined when they stay. */
export function randomColours(random: Random, strength: number, greyscale: number): ColourChange | undefined {
  const [jittered, grey] = [random.uniform() < changed && strength > 0, random.uniform() < greyscale];
  if (!jittered && !grey) return undefined;
  const factor = (): number => random.between(1 - widest * strength, 1 + widest * strength);
  let matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  let contrast = 1;
  if (jittered) {
    const brightness = factor();
    contrast = factor();
    matrix = times(saturation(factor()), hue(2 * Math.PI * random.between(-widestTurn * strength, widestTurn * strength))).map(
      (value) => value * brightness,
    );
  }
  return { matrix: grey ? times(saturation(0), matrix) : matrix, contrast };
}

/** Changes normalised patches [N, 3·P·P] in place. Values may leave 0–1: nothing is clipped, so the change stays linear. */
export function changeColours(patches: Float32Array, { patchSize, mean, std }: Target, { matrix, contrast }: ColourChange): void {
  const plane = patchSize * patchSize;
  // In normalised values: n′ = S⁻¹(c·(M(S·n + m) − ȳ) + ȳ − m), with ȳ the mean luminance after M.
  const at = (row: number, column: number): number => (contrast * matrix[3 * row + column]! * std[column]!) / std[row]!;
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = Array.from({ length: 9 }, (_, i) => at(Math.floor(i / 3), i % 3)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const moved = [0, 1, 2].map((row) => [0, 1, 2].reduce((sum, column) => sum + matrix[3 * row + column]! * mean[column]!, 0));
  let level = 0;
  if (contrast !== 1) {
    const weights = [0, 1, 2].map((column) =>
      [0, 1, 2].reduce((sum, row) => sum + luma[row]! * matrix[3 * row + column]! * std[column]!, 0),
    );
    let total = 0;
    for (let start = 0; start < patches.length; start += 3 * plane)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = start + channel * plane, end = i + plane; i < end; i++) sum += patches[i]!;
        total += weights[channel]! * sum;
      }
    level = (3 * total) / patches.length + [0, 1, 2].reduce((sum, row) => sum + luma[row]! * moved[row]!, 0);
  }
  const [o0, o1, o2] = [0, 1, 2].map((row) => (contrast * (moved[row]! - level) + level - mean[row]!) / std[row]!) as [
    number,
    number,
    number,
  ];
  for (let start = 0; start < patches.length; start += 3 * plane)
    for (let i = start; i < start + plane; i++) {
      const r = patches[i]!;
      const g = patches[i + plane]!;
      const b = patches[i + 2 * plane]!;
      patches[i] = m00 * r + m01 * g + m02 * b + o0;
      patches[i + plane] = m10 * r + m11 * g + m12 * b + o1;
      patches[i + 2 * plane] = m20 * r + m21 * g + m22 * b + o2;
    }
}
