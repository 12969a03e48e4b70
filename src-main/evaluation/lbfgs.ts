// Limited-memory BFGS (Nocedal & Wright, Numerical Optimization, algorithms 7.4 and 7.5) with a diagonal preconditioner, for
// smooth convex functions whose value and gradient are exact.

export interface Objective {
  /** Value at `point`; writes the gradient. */
  (point: Float64Array, gradient: Float64Array): number;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Largest absolute component of the gradient there. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface MinimiseOptions {
  /** Stop when no component of the gradient exceeds this. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** About the inverse of the Hessian's diagonal. */
  readonly preconditioner: Float64Array;
}

const memory = 12;

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

/** Minimises `objective` from `start` (not changed). */
export function minimise(objective: Objective, start: Float64Array, options: MinimiseOptions): Minimum {
  const { tolerance, maxIterations, preconditioner } = options;
  let point = Float64Array.from(start);
  let gradient = new Float64Array(start.length);
  let value = objective(point, gradient);
  const corrections: Correction[] = [];
  let iterations = 0;
  for (; iterations < maxIterations && largest(gradient) > tolerance; iterations++) {
    let direction = quasiNewtonDirection(gradient, corrections, preconditioner);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      corrections.length = 0;
      direction = quasiNewtonDirection(gradient, corrections, preconditioner);
      slope = dot(direction, gradient);
    }
    const found = lineSearch(objective, point, value, direction, slope);
    if (!found) {
      if (corrections.length === 0) break;
      corrections.length = 0;
      continue;
    }
    const step = subtract(found.point, point);
    const change = subtract(found.gradient, gradient);
    const curvature = dot(step, change);
    if (curvature > 1e-14 * Math.sqrt(dot(step, step) * dot(change, change))) {
      corrections.push({ step, change, curvature });
      if (corrections.length > memory) corrections.shift();
    }
    ({ point, gradient, value } = found);
  }
  const gradientNorm = largest(gradient);
  return { point, value, gradientNorm, iterations, converged: gradientNorm <= tolerance };
}

function quasiNewtonDirection(gradient: Float64Array, corrections: readonly Correction[], preconditioner: Float64Array): Float64Array {
  const direction = gradient.map((value) => -value);
  const weights: number[] = [];
  for (let i = corrections.length - 1; i >= 0; i--) {
    const { step, change, curvature } = corrections[i]!;
    const weight = dot(step, direction) / curvature;
    weights[i] = weight;
    for (let k = 0; k < direction.length; k++) direction[k]! -= weight * change[k]!;
  }
  const last = corrections.at(-1);
  let scale = 1;
  if (last) {
    let sum = 0;
    for (let k = 0; k < direction.length; k++) sum += last.change[k]! ** 2 * preconditioner[k]!;
    scale = last.curvature / sum;
  }
  for (let k = 0; k < direction.length; k++) direction[k]! *= scale * preconditioner[k]!;
  for (const [i, { step, change, curvature }] of corrections.entries()) {
    const weight = weights[i]! - dot(change, direction) / curvature;
    for (let k = 0; k < direction.length; k++) direction[k]! += weight * step[k]!;
  }
  return direction;
}

/** Bisection for the weak Wolfe conditions (sufficient decrease 1e-4, curvature 0.9). */
function lineSearch(
  objective: Objective,
  from: Float64Array,
  value: number,
  direction: Float64Array,
  slope: number,
): { point: Float64Array<ArrayBuffer>; gradient: Float64Array<ArrayBuffer>; value: number } | undefined {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let length = 1;
  for (let attempt = 0; attempt < 40; attempt++) {
    const point = Float64Array.from(from, (start, k) => start + length * direction[k]!);
    const gradient = new Float64Array(from.length);
    const next = objective(point, gradient);
    // Near the minimum the decrease drowns in rounding; then the slope alone decides.
    const noise = 1e-15 * Math.abs(value);
    if (!(next <= value + 1e-4 * length * slope + noise)) high = length;
    else if (dot(gradient, direction) < 0.9 * slope) low = length;
    else return { point, gradient, value: next };
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return undefined;
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, k) => value - b[k]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let k = 0; k < values.length; k++) most = Math.max(most, Math.abs(values[k]!));
  return most;
}
