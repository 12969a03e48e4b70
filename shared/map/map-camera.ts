// Where a person looks at a map: which place is in the middle of the canvas, and how large a unit of the map is.

export interface Camera {
  /** Of the map, in the middle. */
  readonly x: number;
  readonly y: number;
  /** CSS pixels for a unit of the map. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Room around all images, CSS pixels. */
const margin = 28;
/** The closest look, as a multiple of the one at all: neighbours of 100,000 images are far apart there. */
const closest = 400;
const widest = 0.5;

/** All of a square from −1 to 1. */
export const fitted = ({ width, height }: Size): Camera => ({
  x: 0,
  y: 0,
  scale: Math.max(1, (Math.min(width, height) - 2 * margin) / 2),
});

export const toScreen = (camera: Camera, { width, height }: Size, { x, y }: Point): Point => ({
  x: width / 2 + (x - camera.x) * camera.scale,
  y: height / 2 + (y - camera.y) * camera.scale,
});

export const toMap = (camera: Camera, { width, height }: Size, { x, y }: Point): Point => ({
  x: camera.x + (x - width / 2) / camera.scale,
  y: camera.y + (y - height / 2) / camera.scale,
});

const limited = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));

/** What is in the middle stays on the map. */
const held = ({ x, y, scale }: Camera): Camera => ({ x: limited(x, -1, 1), y: limited(y, -1, 1), scale });

/** The map moves with the pointer, CSS pixels. */
export const moved = (camera: Camera, dx: number, dy: number): Camera =>
  held({ ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale });

/** What is under the pointer stays there. */
export function zoomed(camera: Camera, size: Size, factor: number, at: Point): Camera {
  const whole = fitted(size).scale;
  const scale = limited(camera.scale * factor, whole * widest, whole * closest);
  const under = toMap(camera, size, at);
  return held({
    x: under.x - (at.x - size.width / 2) / scale,
    y: under.y - (at.y - size.height / 2) / scale,
    scale,
  });
}
