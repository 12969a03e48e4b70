// Where the cells of a grid of 100,000 images lie: only those in sight, and a row on either side, are made.
import { columnsIn } from '../explore/result-grid.ts';

export interface GridLayout {
  readonly columns: number;
  /** Side of a cell and distance from row to row, CSS pixels. */
  readonly cell: number;
  readonly pitch: number;
  /** Of all images. */
  readonly rows: number;
  /** Rows that fit whole. */
  readonly rowsInSight: number;
  /** Rows that are made. */
  readonly rowsMade: number;
  /** Height that the rows would have, and the height that they are given: browsers end somewhere beyond 16 million pixels. */
  readonly height: number;
  readonly spacer: number;
}

const gap = 4;
const overscan = 1;
/** More make a scrolled frame long: on very large screens cells grow instead. */
const mostCells = 300;
const tallest = 8_000_000;

/** The layout in a view of `width` × `height` for cells of about `wanted` pixels. */
export function layoutOf(width: number, height: number, wanted: number, count: number): GridLayout {
  let columns = columnsIn(width, wanted, gap);
  const of = (columns: number): Pick<GridLayout, 'cell' | 'pitch' | 'rowsMade'> => {
    const cell = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
    const pitch = cell + gap;
    return { cell, pitch, rowsMade: Math.ceil(height / pitch) + 1 + 2 * overscan };
  };
  while (columns > 1 && columns * of(columns).rowsMade > mostCells) columns--;
  const made = of(columns);
  const rows = Math.ceil(count / columns);
  const full = Math.max(0, rows * made.pitch - gap);
  return {
    columns,
    ...made,
    rows,
    rowsMade: Math.min(rows, made.rowsMade),
    rowsInSight: Math.max(1, Math.floor(height / made.pitch)),
    height: full,
    spacer: Math.min(full, tallest),
  };
}

/** The same for a list whose rows are `pitch` high, a gap between them included. */
export function listLayoutOf(height: number, pitch: number, count: number): GridLayout {
  const full = Math.max(0, count * pitch - gap);
  return {
    columns: 1,
    cell: pitch - gap,
    pitch,
    rows: count,
    rowsMade: Math.min(count, Math.ceil(height / pitch) + 1 + 2 * overscan),
    rowsInSight: Math.max(1, Math.floor(height / pitch)),
    height: full,
    spacer: Math.min(full, tallest),
  };
}

/** Real pixels for a pixel of the scroll bar: 1, but for grids taller than a browser can be. */
const scale = ({ height, spacer }: GridLayout, view: number): number => (spacer > view ? (height - view) / (spacer - view) : 1);

/** The first row that is made, and where its top lies in the spacer. */
export function windowOf(layout: GridLayout, view: number, scrollTop: number): { readonly first: number; readonly top: number } {
  const real = Math.max(0, scrollTop) * scale(layout, view);
  const first = Math.max(0, Math.min(layout.rows - layout.rowsMade, Math.floor(real / layout.pitch) - overscan));
  return { first, top: scrollTop - real + first * layout.pitch };
}

/** The rows of which something is in sight. */
export function sightOf(layout: GridLayout, view: number, scrollTop: number): { readonly first: number; readonly count: number } {
  const real = Math.max(0, scrollTop) * scale(layout, view);
  const first = Math.floor(real / layout.pitch);
  return { first, count: Math.max(0, Math.min(layout.rows, Math.ceil((real + view) / layout.pitch)) - first) };
}

/** Rows in the order of their places in the page: a row that leaves on one end is the one that comes in on the other. */
export function rowsFrom(first: number, made: number): readonly number[] {
  return Array.from({ length: made }, (_, place) => first + ((((place - first) % made) + made) % made));
}

/** Where to scroll so that the row of an image is the first in sight. */
export const scrollTopOf = (layout: GridLayout, view: number, index: number): number =>
  (Math.floor(index / layout.columns) * layout.pitch) / scale(layout, view);

/** The first image of the row at the top of the view. */
export const indexAt = (layout: GridLayout, view: number, scrollTop: number): number =>
  Math.floor((scrollTop * scale(layout, view)) / layout.pitch) * layout.columns;

/** Where to scroll so that an image is in sight: as little as possible. */
export function scrollFor(layout: GridLayout, view: number, scrollTop: number, index: number): number {
  const factor = scale(layout, view);
  const real = scrollTop * factor;
  const top = Math.floor(index / layout.columns) * layout.pitch;
  const wanted = top < real ? top : top + layout.cell > real + view ? top + layout.cell - view : real;
  return wanted / factor;
}
