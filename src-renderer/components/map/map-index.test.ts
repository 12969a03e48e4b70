import { describe, expect, it } from 'vitest';
import { boxOf, MapIndex } from './map-index.ts';

/** Places that look random, the same each time. */
const places = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 78.233));
const index = new MapIndex(places);
const none = (): boolean => false;
const distance = (i: number, x: number, y: number): number => Math.hypot(places[2 * i]! - x, places[2 * i + 1]! - y);

describe('images by where they lie', () => {
  it('finds the nearest, as a look at all of them does, and none beyond the reach', () => {
    for (let i = 0; i < 50; i++) {
      const [x, y] = [Math.sin(i) * 1.1, Math.cos(3 * i) * 1.1];
      const all = Array.from({ length: 2000 }, (_, one) => one).toSorted((a, b) => distance(a, x, y) - distance(b, x, y));
      expect(index.nearest({ x, y }, 3, none)).toBe(all[0]);
      expect(index.nearest({ x, y }, distance(all[0]!, x, y) * 0.99, none)).toBeUndefined();
      expect(index.nearest({ x, y }, 3, (one) => one === all[0])).toBe(all[1]);
    }
  });

  it('finds what is in a box, whichever corners it is given by', () => {
    const [a, b] = [
      { x: 0.4, y: -0.3 },
      { x: -0.2, y: 0.5 },
    ];
    const inside = Array.from({ length: 2000 }, (_, i) => i).filter(
      (i) => places[2 * i]! > -0.2 && places[2 * i]! < 0.4 && places[2 * i + 1]! > -0.3 && places[2 * i + 1]! < 0.5,
    );
    for (const box of [boxOf(a, b), boxOf(b, a)]) expect(index.within(box, none).toSorted((x, y) => x - y)).toEqual(inside);
    expect(index.within(boxOf(a, b), (i) => i % 2 === 0).every((i) => i % 2 === 1)).toBe(true);
  });

  it('finds what is in an outline: not what lies in its bay', () => {
    const bay = [
      { x: -0.9, y: -0.9 },
      { x: 0.9, y: -0.9 },
      { x: 0.9, y: 0.9 },
      { x: 0, y: 0 },
      { x: -0.9, y: 0.9 },
    ];
    const found = new Set(index.within(bay, none));
    expect(found.size).toBeGreaterThan(100);
    for (let i = 0; i < 2000; i++) {
      const [x, y] = [places[2 * i]!, places[2 * i + 1]!];
      const isIn = Math.abs(x) < 0.9 && y > -0.9 && y < Math.abs(x);
      expect(found.has(i)).toBe(isIn);
    }
  });

  it('of one image and of none is no exception', () => {
    expect(new MapIndex(Float32Array.of(0, 0)).nearest({ x: 0.1, y: 0 }, 1, none)).toBe(0);
    expect(new MapIndex(new Float32Array(0)).nearest({ x: 0, y: 0 }, 1, none)).toBeUndefined();
  });
});
