import { describe, expect, it } from 'vitest';
import { leastShare, middleRegion, movedRegion, pixelsOf, regionOf, resizedRegion, shownBox } from './region.ts';

describe('a part of a picture', () => {
  it('is marked on the picture as it is shown: whole, in the middle of its room', () => {
    expect(shownBox(200, 100, { width: 500, height: 500 })).toEqual({ left: 0, top: 125, width: 500, height: 250 });
    expect(shownBox(100, 200, { width: 500, height: 500 })).toEqual({ left: 125, top: 0, width: 250, height: 500 });
  });

  it('lies between two corners, whichever come first, and ends at the edges', () => {
    expect(regionOf({ x: 0.75, y: 0.5 }, { x: 0.25, y: 0.25 })).toEqual({ x: 0.25, y: 0.25, width: 0.5, height: 0.25 });
    expect(regionOf({ x: -3, y: 0.5 }, { x: 0.5, y: 9 })).toEqual({ x: 0, y: 0.5, width: 0.5, height: 0.5 });
    expect(regionOf({ x: 0.5, y: 0.1 }, { x: 0.51, y: 0.9 })).toBeUndefined();
    expect(regionOf({ x: 1.2, y: 0.1 }, { x: 1.9, y: 0.9 })).toBeUndefined();
  });

  it('stays on the picture when keys move it or change its size', () => {
    let region = middleRegion;
    for (let i = 0; i < 50; i++) region = movedRegion(region, 0.05, -0.05);
    expect(region).toEqual({ x: 0.5, y: 0, width: 0.5, height: 0.5 });
    for (let i = 0; i < 50; i++) region = resizedRegion(region, 0.05, -0.05);
    expect(region).toEqual({ x: 0.5, y: 0, width: 0.5, height: leastShare });
  });

  it('is made of whole pixels, at least one', () => {
    expect(pixelsOf({ x: 0.1, y: 0.5, width: 0.25, height: 0.5 }, 100, 60)).toEqual({ left: 10, top: 30, width: 25, height: 30 });
    expect(pixelsOf({ x: 0.98, y: 0.98, width: 0.02, height: 0.02 }, 8, 8)).toEqual({ left: 7, top: 7, width: 1, height: 1 });
  });
});
