import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, listLayoutOf, rowsFrom, scrollFor, sightOf, windowOf } from './library-grid.ts';

describe('the grid of a large library', () => {
  it('fills the width with square cells of about the size that was asked for', () => {
    const layout = layoutOf(1000, 600, 128, 100_000);
    expect(layout).toMatchObject({ columns: 7, cell: 139, pitch: 143, rows: 14_286, rowsInSight: 4 });
    expect(layout.columns * layout.cell + 4 * (layout.columns - 1)).toBeLessThanOrEqual(1000);
  });

  it('never makes more than 300 cells, on the largest screens too', () => {
    const sizes = fc.record({
      width: fc.integer({ min: 60, max: 8000 }),
      height: fc.integer({ min: 60, max: 5000 }),
      wanted: fc.integer({ min: 64, max: 256 }),
    });
    fc.assert(
      fc.property(sizes, ({ width, height, wanted }) => {
        const { columns, rowsMade } = layoutOf(width, height, wanted, 1_000_000);
        // One column of 64 px in a view of 5,000 px is the only way to have that many rows.
        expect(columns * rowsMade).toBeLessThanOrEqual(300);
      }),
    );
  });

  it('covers the view at every scroll position, at any count of images', () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 5_000_000 }),
      wanted: fc.integer({ min: 64, max: 256 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ count, wanted, share }) => {
        const layout = layoutOf(1200, 800, wanted, count);
        const scrollTop = share * Math.max(0, layout.spacer - 800);
        const { first, top } = windowOf(layout, 800, scrollTop);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(first + layout.rowsMade).toBeLessThanOrEqual(layout.rows);
        // From above the view to below it, or to the ends of the grid.
        expect(first === 0 || top <= scrollTop + 0.01).toBe(true);
        const bottom = top + layout.rowsMade * layout.pitch;
        expect(bottom >= Math.min(scrollTop + 800, layout.spacer) - 0.01).toBe(true);
        // Rows in sight are some of those: those above and below them lie outside the view.
        const sight = sightOf(layout, 800, scrollTop);
        const topOf = (row: number): number => top + (row - first) * layout.pitch;
        expect(sight.first).toBeGreaterThanOrEqual(first);
        expect(sight.first + sight.count).toBeLessThanOrEqual(first + layout.rowsMade);
        expect(sight.first === 0 || topOf(sight.first) <= scrollTop + 0.01).toBe(true);
        expect(topOf(sight.first + 1) > scrollTop - 0.01).toBe(true);
        expect(
          sight.first + sight.count === layout.rows || topOf(sight.first + sight.count) >= Math.min(scrollTop + 800, layout.spacer) - 0.01,
        ).toBe(true);
      }),
    );
  });

  it('shows the last image at the end of a scroll bar that is shorter than the grid', () => {
    const layout = layoutOf(1200, 800, 256, 5_000_000);
    expect(layout.height).toBeGreaterThan(layout.spacer);
    const { first } = windowOf(layout, 800, layout.spacer - 800);
    expect(first + layout.rowsMade).toBe(layout.rows);
    const there = scrollFor(layout, 800, 0, 4_999_999);
    expect(there).toBeCloseTo(layout.spacer - 800, 0);
  });

  it('scrolls as little as it takes to bring an image into sight', () => {
    const layout = layoutOf(1000, 600, 128, 100_000);
    expect(scrollFor(layout, 600, 143, 7)).toBe(143);
    expect(scrollFor(layout, 600, 500, 7)).toBe(143);
    expect(scrollFor(layout, 600, 0, 7 * 10)).toBe(10 * 143 + 139 - 600);
  });

  it('keeps a row in its place of the page while it is in sight', () => {
    expect(rowsFrom(0, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(rowsFrom(2, 5)).toEqual([5, 6, 2, 3, 4]);
    expect(rowsFrom(7, 5)).toEqual([10, 11, 7, 8, 9]);
    expect(rowsFrom(0, 0)).toEqual([]);
  });

  it('lays out a list of rows as a grid of one column, and covers the view at every scroll position', () => {
    const cases = fc.record({
      height: fc.integer({ min: 60, max: 3000 }),
      pitch: fc.integer({ min: 20, max: 400 }),
      count: fc.integer({ min: 0, max: 200_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ height, pitch, count, share }) => {
        const layout = listLayoutOf(height, pitch, count);
        const scrollTop = share * Math.max(0, layout.spacer - height);
        const { first, top } = windowOf(layout, height, scrollTop);
        expect(layout.columns).toBe(1);
        if (count === 0) return;
        expect(top).toBeLessThanOrEqual(scrollTop + 1e-6);
        const end = top + layout.rowsMade * pitch;
        expect(first + layout.rowsMade === count || end >= scrollTop + height - 1e-6).toBe(true);
      }),
    );
  });
});
