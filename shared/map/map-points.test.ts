import { describe, expect, it } from 'vitest';
import { labelColour } from './map-colours.ts';
import { drawDots } from './map-points.ts';
import type { Pixels } from './map-points.ts';

const blank = (width: number, height: number): Pixels => ({ data: new Uint8ClampedArray(4 * width * height).fill(255), width, height });
const at = ({ data, width }: Pixels, x: number, y: number): readonly number[] => [
  ...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3),
];
const size = { width: 100, height: 80 };
const camera = { x: 0, y: 0, scale: 40 };

describe('dots of a map', () => {
  it('stand where the images are, also at twice as many pixels, and not beyond the edge', () => {
    for (const density of [1, 2]) {
      const pixels = blank(100 * density, 80 * density);
      const dots = {
        places: Float32Array.of(0, 0, 0.5, -0.5, 9, 9),
        colourOf: () => [255, 0, 0] as const,
        isChosen: () => false,
        chosen: 0,
        ring: [0, 0, 0] as const,
      };
      drawDots(pixels, dots, camera, size, density);
      for (const [x, y] of [
        [50, 40],
        [70, 20],
      ] as const) {
        const [red, green] = at(pixels, x * density, y * density);
        expect(red).toBe(255);
        expect(green).toBeLessThan(80);
      }
      expect(at(pixels, 90 * density, 60 * density)).toEqual([255, 255, 255]);
    }
  });

  it('that have no colour are not drawn; chosen ones are drawn over the others, which step back beside many', () => {
    const places = Float32Array.of(0, 0, 0, 0, -0.5, 0, 0.5, 0);
    const colourOf = (i: number): readonly [number, number, number] | undefined =>
      i === 3 ? undefined : i === 0 ? [0, 0, 255] : [0, 160, 0];
    for (const chosen of [1, 501]) {
      const pixels = blank(100, 80);
      drawDots(pixels, { places, colourOf, isChosen: (i) => i === 0, chosen, ring: [0, 0, 0] }, camera, size, 1);
      expect(at(pixels, 50, 40)).toEqual([0, 0, 255]);
      if (chosen === 1) expect(at(pixels, 30, 40)[0]).toBeLessThan(100);
      else expect(at(pixels, 30, 40)[0]).toBeGreaterThan(200);
      expect(at(pixels, 70, 40)).toEqual([255, 255, 255]);
    }
  });
});

it('colours of labels are all different, and seen on their ground', () => {
  for (const isDark of [false, true]) {
    const all = Array.from({ length: 60 }, (_, n) => labelColour(n, isDark));
    expect(new Set(all.map(String)).size).toBe(60);
    // Relative luminance (WCAG), of which neighbours in the list must not be the only difference.
    for (const colour of all) {
      const [red, green, blue] = colour.map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
      const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
      const ground = isDark ? 0.009 : 0.92;
      const [light, dark] = [Math.max(luminance, ground), Math.min(luminance, ground)];
      expect((light + 0.05) / (dark + 0.05)).toBeGreaterThan(2.2);
    }
  }
});
