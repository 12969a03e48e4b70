// How masks are drawn over a picture: the edge of a set of patches, and hatches that tell targets apart without colour.

export type MaskMode = 'overlay' | 'context' | 'targets';

export interface Segment {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** The outline of patches given in raster order, in units of a patch: edges between a patch of the set and none of it. */
export function outline(patches: ArrayLike<number>, grid: number): readonly Segment[] {
  const inside = new Set(Array.from(patches));
  const segments: Segment[] = [];
  for (const patch of inside) {
    const [x, y] = [patch % grid, Math.floor(patch / grid)];
    if (y === 0 || !inside.has(patch - grid)) segments.push({ x1: x, y1: y, x2: x + 1, y2: y });
    if (y === grid - 1 || !inside.has(patch + grid)) segments.push({ x1: x, y1: y + 1, x2: x + 1, y2: y + 1 });
    if (x === 0 || !inside.has(patch - 1)) segments.push({ x1: x, y1: y, x2: x, y2: y + 1 });
    if (x === grid - 1 || !inside.has(patch + 1)) segments.push({ x1: x + 1, y1: y, x2: x + 1, y2: y + 1 });
  }
  return segments;
}

/** Colour token of a target block, by its place among the targets of an image. */
export const targetToken = (target: number): string => `--mask-${(target % 4) + 1}`;

/** Degrees of a target's hatch: different for neighbours in colour. */
export const hatchAngle = (target: number): number => [45, 135, 0, 90][target % 4]!;

/** RGB bytes of a square as RGBA, for a canvas. */
export function withAlpha(pixels: Uint8Array, side: number): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(side * side * 4);
  for (let i = 0; i < side * side; i++) {
    rgba[4 * i] = pixels[3 * i]!;
    rgba[4 * i + 1] = pixels[3 * i + 1]!;
    rgba[4 * i + 2] = pixels[3 * i + 2]!;
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}

export interface MaskColours {
  readonly cover: string;
  readonly context: string;
  /** Under lines, so that they show on any picture. */
  readonly halo: string;
  readonly targets: readonly string[];
}

interface Drawing {
  readonly context: CanvasRenderingContext2D;
  /** Device pixels of the square. */
  readonly size: number;
  readonly grid: number;
  readonly colours: MaskColours;
}

function cells({ size, grid }: Drawing, patches: Iterable<number>): Path2D {
  const path = new Path2D();
  const edge = (place: number): number => Math.round((place * size) / grid);
  for (const patch of patches) {
    const [x, y] = [patch % grid, Math.floor(patch / grid)];
    path.rect(edge(x), edge(y), edge(x + 1) - edge(x), edge(y + 1) - edge(y));
  }
  return path;
}

function strokeOutline({ context, size, grid, colours }: Drawing, patches: ArrayLike<number>, colour: string, width: number): void {
  const path = new Path2D();
  for (const { x1, y1, x2, y2 } of outline(patches, grid)) {
    path.moveTo((x1 * size) / grid, (y1 * size) / grid);
    path.lineTo((x2 * size) / grid, (y2 * size) / grid);
  }
  context.lineCap = 'square';
  context.strokeStyle = colours.halo;
  context.lineWidth = width * 2;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

function hatch({ context, size }: Drawing, area: Path2D, angle: number, colour: string, gap: number): void {
  context.save();
  context.clip(area);
  context.globalAlpha = 0.24;
  context.fillStyle = colour;
  context.fill(area);
  context.globalAlpha = 0.85;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, gap / 6);
  context.translate(size / 2, size / 2);
  context.rotate((angle * Math.PI) / 180);
  context.beginPath();
  for (let at = -size; at <= size; at += gap) {
    context.moveTo(-size, at);
    context.lineTo(size, at);
  }
  context.stroke();
  context.restore();
}

function numberTarget({ context, size, grid }: Drawing, patches: ArrayLike<number>, target: number, colour: string, halo: string): void {
  const first = patches[0];
  if (first === undefined) return;
  const height = Math.max(11, size / 26);
  const [x, y] = [((first % grid) * size) / grid, (Math.floor(first / grid) * size) / grid];
  context.font = `650 ${height}px system-ui, sans-serif`;
  const text = String(target + 1);
  const width = context.measureText(text).width + height * 0.7;
  context.fillStyle = colour;
  context.fillRect(x, y, width, height * 1.35);
  context.fillStyle = halo;
  context.textBaseline = 'middle';
  context.fillText(text, x + height * 0.35, y + height * 0.72);
}

/** Draws the masks of one image over what stands in the canvas already. `detailed`: hatches and numbers, for a picture that is large enough. */
export function drawMasks(
  drawing: Drawing,
  masks: { readonly context: ArrayLike<number>; readonly targets: readonly ArrayLike<number>[] },
  mode: MaskMode,
  detailed: boolean,
): void {
  const { context, size, grid, colours } = drawing;
  const seen = new Set(Array.from(masks.context));
  const predicted = new Set(masks.targets.flatMap((one) => Array.from(one)));
  const line = Math.max(1, size / (detailed ? 220 : 110));
  const shown = mode === 'targets' ? predicted : mode === 'context' ? seen : new Set([...seen, ...predicted]);
  const covered = Array.from({ length: grid * grid }, (_, patch) => patch).filter((patch) => !shown.has(patch));
  context.globalAlpha = mode === 'overlay' ? 0.62 : 1;
  context.fillStyle = colours.cover;
  context.fill(cells(drawing, covered));
  context.globalAlpha = 1;
  if (mode !== 'targets') strokeOutline(drawing, masks.context, colours.context, line);
  if (mode === 'context') return;
  masks.targets.forEach((patches, target) => {
    const colour = colours.targets[target % colours.targets.length]!;
    if (mode === 'overlay')
      hatch(drawing, cells(drawing, Array.from(patches)), hatchAngle(target), colour, Math.max(4, size / (detailed ? 44 : 16)));
  });
  masks.targets.forEach((patches, target) => {
    const colour = colours.targets[target % colours.targets.length]!;
    strokeOutline(drawing, patches, colour, line * 1.4);
    if (detailed) numberTarget(drawing, patches, target, colour, colours.halo);
  });
}
