import { describe, expect, it } from 'vitest';
import { extentOf, fitted, moved, toMap, toScreen, zoomed } from './map-camera.ts';

const size = { width: 800, height: 500 };
const all = { left: -1, top: -1, right: 1, bottom: 1 };

describe('where a person looks at a map', () => {
  it('begins with all of it in sight', () => {
    const camera = fitted(size, all);
    for (const [x, y] of [
      [-1, -1],
      [1, 1],
    ] as const) {
      const place = toScreen(camera, size, { x, y });
      expect(place.y).toBeGreaterThan(0);
      expect(place.y).toBeLessThan(500);
    }
    expect(toScreen(camera, size, { x: 0, y: 0 })).toEqual({ x: 400, y: 250 });
  });

  it('begins with nearly all images large, though a few lie far away', () => {
    const places = Float32Array.from({ length: 1000 }, (_, i) => (i < 6 ? 1 : Math.sin(i) * 0.2));
    const usual = extentOf(places);
    expect(usual.right).toBeLessThanOrEqual(0.2);
    expect(extentOf(places, 0).right).toBe(1);
    expect(fitted(size, usual).scale).toBeGreaterThan(2 * fitted(size, extentOf(places, 0)).scale);
    // One image, many at one place, none: something is shown all the same.
    for (const few of [Float32Array.of(0.3, 0.4), new Float32Array(20), new Float32Array(0)])
      expect(Number.isFinite(fitted(size, extentOf(few)).scale)).toBe(true);
  });

  it('goes there and back between map and canvas', () => {
    const camera = { x: 0.3, y: -0.2, scale: 1234 };
    const place = toMap(camera, size, toScreen(camera, size, { x: 0.31, y: -0.18 }));
    expect([place.x, place.y]).toEqual([expect.closeTo(0.31, 10), expect.closeTo(-0.18, 10)]);
  });

  it('follows the pointer, and leaves what is under it where it is when it zooms', () => {
    const camera = fitted(size, all);
    const at = { x: 600, y: 100 };
    const before = toMap(camera, size, at);
    const near = zoomed(camera, size, 3, at);
    expect(near.scale).toBeCloseTo(3 * camera.scale, 8);
    expect(toScreen(near, size, before)).toEqual({ x: expect.closeTo(600, 6), y: expect.closeTo(100, 6) });
    const dragged = toScreen(moved(near, 12, -7), size, before);
    expect(dragged).toEqual({ x: expect.closeTo(612, 6), y: expect.closeTo(93, 6) });
  });

  it('never loses the map, however far it is moved or zoomed', () => {
    let camera = fitted(size, all);
    for (let i = 0; i < 100; i++) camera = moved(camera, 500, 500);
    expect([camera.x, camera.y]).toEqual([-1, -1]);
    for (let i = 0; i < 100; i++) camera = zoomed(camera, size, 0.5, { x: 0, y: 0 });
    expect(camera.scale).toBeCloseTo(125, 8);
    for (let i = 0; i < 100; i++) camera = zoomed(camera, size, 4, { x: 0, y: 0 });
    expect(Number.isFinite(toMap(camera, size, { x: 9, y: 9 }).x)).toBe(true);
  });
});
