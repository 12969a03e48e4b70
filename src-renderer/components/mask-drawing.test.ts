// The geometry of masks over a picture.
import { describe, expect, it } from 'vitest';
import { hatchAngle, outline, targetToken, withAlpha } from './mask-drawing.ts';

describe('the outline of patches', () => {
  it('of one patch is its four sides', () => {
    expect(outline([5], 4)).toHaveLength(4);
    expect(outline([5], 4)).toContainEqual({ x1: 1, y1: 1, x2: 2, y2: 1 });
  });

  it('of a block is its border: no edge inside', () => {
    const block = [5, 6, 9, 10];
    expect(outline(block, 4)).toHaveLength(8);
    expect(outline(block, 4)).not.toContainEqual({ x1: 2, y1: 1, x2: 2, y2: 2 });
  });

  it('does not join the end of a row to the start of the next', () => {
    expect(outline([3, 4], 4)).toHaveLength(8);
  });

  it('of the whole grid is the frame', () => {
    expect(
      outline(
        Array.from({ length: 9 }, (_, i) => i),
        3,
      ),
    ).toHaveLength(12);
  });
});

describe('targets', () => {
  it('differ in colour and hatch from the three before them', () => {
    const look = (target: number): string => `${targetToken(target)} ${hatchAngle(target)}`;
    expect(new Set([0, 1, 2, 3].map(look)).size).toBe(4);
    expect(new Set([0, 1, 2, 3].map(hatchAngle)).size).toBe(4);
  });
});

it('pixels get an alpha and keep their order', () => {
  const rgba = withAlpha(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), 2);
  expect([...rgba]).toEqual([1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255]);
});
