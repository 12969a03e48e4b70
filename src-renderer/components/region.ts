// A part of a picture, as a person marks it. Pure.

/** Shares of a picture's width and height, 0 to 1. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Where the keys begin. */
export const middleRegion: Region = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
/** A smaller part is a click, not a part. */
export const leastShare = 0.02;

/** Where a picture of these sides is drawn that is shown whole in a box (`object-fit: contain`). */
export function shownBox(width: number, height: number, room: { readonly width: number; readonly height: number }): Box {
  const scale = Math.min(room.width / width, room.height / height);
  const [across, down] = [width * scale, height * scale];
  return { left: (room.width - across) / 2, top: (room.height - down) / 2, width: across, height: down };
}

const between = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));

/** The part between two corners, as shares, cut at the picture's edges; `undefined` for one that is too small to be meant. */
export function regionOf(a: { x: number; y: number }, b: { x: number; y: number }): Region | undefined {
  const [left, right] = [between(Math.min(a.x, b.x), 0, 1), between(Math.max(a.x, b.x), 0, 1)];
  const [top, bottom] = [between(Math.min(a.y, b.y), 0, 1), between(Math.max(a.y, b.y), 0, 1)];
  if (right - left < leastShare || bottom - top < leastShare) return undefined;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Moved by shares, within the picture. */
export const movedRegion = (region: Region, dx: number, dy: number): Region => ({
  ...region,
  x: between(region.x + dx, 0, 1 - region.width),
  y: between(region.y + dy, 0, 1 - region.height),
});

/** Its right and its lower edge moved by shares, within the picture and never too small. */
export const resizedRegion = (region: Region, dx: number, dy: number): Region => ({
  ...region,
  width: between(region.width + dx, leastShare, 1 - region.x),
  height: between(region.height + dy, leastShare, 1 - region.y),
});

/** Pixels of a picture that a part has: whole ones, at least one. */
export function pixelsOf({ x, y, width, height }: Region, across: number, down: number): Box {
  const [left, top] = [Math.floor(x * across), Math.floor(y * down)];
  return {
    left,
    top,
    width: Math.max(1, Math.min(across - left, Math.round(width * across))),
    height: Math.max(1, Math.min(down - top, Math.round(height * down))),
  };
}
