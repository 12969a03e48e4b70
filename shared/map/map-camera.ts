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

/** Room around all images, CSS pixels: half of a picture. */
const margin = 32;
/** Of one image, or of many at one place. */
const smallest = 0.05;
/** The closest look, as a multiple of the one at all: neighbours of 100,000 images are far apart there. */
const closest = 400;
const widest = 0.5;

/** A part of a map. */
export interface Extent {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where nearly all images lie: what a person sees first. A few that are like no others may lie far away, and would make all the rest small. */
const usualShare = 0.01;

/** Where all places [n, 2] lie, or without `left` of them, a share, on each of the four sides. */
export function extentOf(places: Float32Array, left = usualShare): Extent {
  if (places.length === 0) return { left: -1, top: -1, right: 1, bottom: 1 };
  const [xs, ys] = [0, 1].map((axis) => places.filter((_, i) => i % 2 === axis).sort()) as [Float32Array, Float32Array];
  const at = Math.floor(left * (xs.length - 1));
  return { left: xs[at]!, top: ys[at]!, right: xs.at(-1 - at)!, bottom: ys.at(-1 - at)! };
}

/** All of a part of the map, in the middle. */
export function fitted({ width, height }: Size, { left, top, right, bottom }: Extent): Camera {
  const across = (width - 2 * margin) / Math.max(smallest, right - left);
  const down = (height - 2 * margin) / Math.max(smallest, bottom - top);
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: Math.max(1, Math.min(across, down)) };
}

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
  const whole = Math.min(size.width, size.height) / 2;
  const scale = limited(camera.scale * factor, whole * widest, whole * closest);
  const under = toMap(camera, size, at);
  return held({
    x: under.x - (at.x - size.width / 2) / scale,
    y: under.y - (at.y - size.height / 2) / scale,
    scale,
  });
}
