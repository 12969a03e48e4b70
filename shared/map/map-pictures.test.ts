import { describe, expect, it } from 'vitest';
import { MapPictures } from './map-pictures.ts';

const places = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 78.233));
const pictures = new MapPictures(
  Int32Array.from({ length: 1500 }, (_, i) => i + 1),
  places,
);
const none = (): boolean => false;

describe('images shown as pictures', () => {
  it('never cover each other, and leave no room where another would fit', () => {
    for (const scale of [150, 310, 1000]) {
      const chosen = pictures.at(scale, 50, none, '');
      const apart = (a: number, b: number): number =>
        scale * Math.max(Math.abs(places[2 * a]! - places[2 * b]!), Math.abs(places[2 * a + 1]! - places[2 * b + 1]!));
      chosen.forEach((a, i) => {
        for (const b of chosen.subarray(i + 1)) expect(apart(a, b)).toBeGreaterThanOrEqual(49.99);
      });
      for (let i = 0; i < 1500; i++) expect(Math.min(...Array.from(chosen, (one) => apart(one, i)))).toBeLessThan(50 * 2 ** 0.25);
    }
  });

  it('stay the same while a person looks a little closer, and then become more', () => {
    const far = pictures.at(256, 50, none, '');
    expect(pictures.at(300, 50, none, '')).toBe(far);
    expect(pictures.at(310, 50, none, '')).not.toBe(far);
    const near = pictures.at(1024, 50, none, '');
    expect(near.length).toBeGreaterThan(2 * far.length);
    const shown = new Set(near);
    // The first ones are chosen first at every distance.
    expect(shown.has(far[0]!)).toBe(true);
  });

  it('are chosen for a picture of the whole map likewise, by the room between them', () => {
    const chosen = pictures.apart(0.1);
    const between = (a: number, b: number): number =>
      Math.max(Math.abs(places[2 * a]! - places[2 * b]!), Math.abs(places[2 * a + 1]! - places[2 * b + 1]!));
    expect(chosen.length).toBeGreaterThan(50);
    chosen.forEach((a, i) => chosen.subarray(i + 1).forEach((b) => expect(between(a, b)).toBeGreaterThanOrEqual(0.1)));
    for (let i = 0; i < 1500; i++) expect(Math.min(...Array.from(chosen, (one) => between(one, i)))).toBeLessThan(0.1);
  });

  it('are none of a label that is hidden', () => {
    const chosen = pictures.at(256, 50, (i) => i % 2 === 0, 'even');
    expect(chosen.length).toBeGreaterThan(5);
    expect(chosen.every((i) => i % 2 === 1)).toBe(true);
  });

  it('are one where all lie at one place', () => {
    const same = new MapPictures([1, 2, 3], new Float32Array(6));
    expect(same.at(1e6, 50, none, '')).toHaveLength(1);
  });
});
