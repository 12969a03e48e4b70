// Moving through a grid of pictures by keys.

/** Cells beside each other in a width, at least one; `cell` is the least width of one, all in CSS pixels. */
export const columnsIn = (width: number, cell: number, gap: number): number => Math.max(1, Math.floor((width + gap) / (cell + gap)));

export interface GridPlace {
  readonly index: number;
  readonly count: number;
  readonly columns: number;
  /** Rows in sight. */
  readonly rows: number;
}

/** Where a key leads, or `undefined` when it is none that moves. `far`: with Ctrl or Cmd. */
export function moveBy(key: string, { index, count, columns, rows }: GridPlace, far: boolean): number | undefined {
  const last = count - 1;
  const rowStart = index - (index % columns);
  // Up and down stop at the edge instead of changing the column.
  const vertical = (by: number): number => {
    const next = index + by * columns;
    if (next < 0) return index % columns;
    if (next <= last) return next;
    const lastRow = last - (last % columns);
    return rowStart === lastRow ? index : Math.min(last, lastRow + (index % columns));
  };
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, index - 1);
    case 'ArrowRight':
      return Math.min(last, index + 1);
    case 'ArrowUp':
      return index < columns ? index : vertical(-1);
    case 'ArrowDown':
      return vertical(1);
    case 'PageUp':
      return vertical(-Math.max(1, rows));
    case 'PageDown':
      return vertical(Math.max(1, rows));
    case 'Home':
      return far ? 0 : rowStart;
    case 'End':
      return far ? last : Math.min(last, rowStart + columns - 1);
    default:
      return undefined;
  }
}

/** What Shift selects: everything between two items, both included; only `to` when the anchor is not there. */
export function between<T>(items: readonly T[], anchor: T | undefined, to: T): readonly T[] {
  const end = items.indexOf(to);
  const start = anchor === undefined ? end : items.indexOf(anchor);
  if (end < 0) return [];
  return start < 0 ? [to] : items.slice(Math.min(start, end), Math.max(start, end) + 1);
}

/** A new list as it is drawn first: its items from `first` up to `end`, which are in sight, around them what stood there `before`. */
export const sightFirst = <T>(items: readonly T[], before: readonly T[], first: number, end: number): readonly T[] =>
  items.map((item, index) => (index >= first && index < end ? item : (before[index] ?? item)));

/** A list cut into rows. */
export const inRows = <T>(items: readonly T[], columns: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / columns) }, (_, row) => items.slice(row * columns, (row + 1) * columns));
