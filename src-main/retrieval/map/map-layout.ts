// A library on a plane: rows that hang together attract each other, others push each other away. Stochastic gradient descent on UMAP's
// cross-entropy with negative samples (McInnes, Healy & Melville 2018, §3.2), where rows at distance d hang together by 1/(1 + a·d²ᵇ).
import { scattered } from '../../../shared/scattered.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import type { LikenessGraph } from './likeness-graph.ts';

export interface LayoutOptions {
  /** [n, 2] where rows begin: what is far apart there stays so, which makes maps of a library look alike (Kobak & Linderman 2021). */
  readonly begin: Float32Array;
  /** They are the places of an earlier map: it is not turned, rows go less far, and it lies where those lay. */
  readonly isEarlier?: boolean;
  readonly seed?: number;
  readonly epochs?: number;
}

/** Of umap-learn for its usual least distance, 0.1. With a = b = 1 neighbours are kept worse (15 of 5,000 images: 7.5 % instead of 9.0). */
const a = 1.577;
const b = 0.8951;
/** Steps of an octave of d² in which a force is told: powers would take three times as long. */
const octaveBits = 6;
/** Rows that are pushed away for each pair that attracts. */
const pushes = 5;
/** No step is longer, in units of the map. */
const longestStep = 4;
/** At which a map that was drawn before begins: kinds of pictures find their neighbours anew, and stay where a person knows them. */
const earlierRate = 0.2;
/** Half of the side of the beginning. */
const beginSide = 10;
/** Up to as many rows, more rounds: there they cost nothing. */
const fewRows = 10_000;
const roundsOf = (rows: number): number => (rows <= fewRows ? 500 : 200);
/** Pairs gone through before others may get their turn. */
const piecePairs = 20_000;

/** Places of all rows [n, 2], the same for the same input: in a square from −1 to 1, or of an earlier map moved and scaled as it fits that best. */
export function* mapLayout(
  { from, to, strengths }: LikenessGraph,
  { begin, isEarlier = false, seed = 0, epochs = roundsOf(begin.length / 2) }: LayoutOptions,
  onShare: (share: number) => void = () => undefined,
): Pieces<Float32Array<ArrayBuffer>> {
  const count = begin.length / 2;
  const places = beginning(begin);
  const strongest = strengths.reduce((most, one) => Math.max(most, one), 0);
  let draw = Math.imul(seed, 0x9e3779b1);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = (isEarlier ? earlierRate : 1) * (1 - epoch / epochs);
    for (let first = 0; first < from.length; first += piecePairs) {
      const last = Math.min(from.length, first + piecePairs);
      for (let pair = first; pair < last; pair++) {
        // A pair takes its turn in as many rounds as it is strong, evenly: where ⌊rounds × share⌋ has just grown.
        const share = strengths[pair]! / strongest;
        if (Math.floor((epoch + 1) * share) === Math.floor(epoch * share)) continue;
        const one = 2 * from[pair]!;
        const other = 2 * to[pair]!;
        // Once from each end, as in UMAP, where each pair is there in both directions.
        pull(places, one, other, rate);
        for (let i = 0; i < pushes; i++) push(places, one, 2 * among(draw++, count), rate);
        pull(places, other, one, rate);
        for (let i = 0; i < pushes; i++) push(places, other, 2 * among(draw++, count), rate);
        draw |= 0;
      }
      yield;
    }
    onShare((epoch + 1) / epochs);
  }
  return isEarlier ? likeEarlier(places, begin) : inSquare(places);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
/** Where a force of d² stands in its table: exponent and first bits of the fraction, as a float32 has them. */
function stepOf(squared: number): number {
  single[0] = squared;
  return singleBits[0]! >>> (23 - octaveBits);
}
/** A force as a factor of the way between two rows, by d²; in each step that of its middle. */
const tableOf = (force: (squared: number) => number): Float64Array =>
  Float64Array.from({ length: 1 << (8 + octaveBits) }, (_, step) => {
    singleBits[0] = (step + 0.5) * 2 ** (23 - octaveBits);
    return Number.isFinite(single[0]!) ? force(single[0]!) : 0;
  });
/** Along the gradient of −log q, q = 1/(1 + a·d²ᵇ). */
const pulling = tableOf((squared) => (2 * a * b * squared ** (b - 1)) / (1 + a * squared ** b));
/** Along the gradient of −log(1 − q); 0.001 keeps it finite, as in UMAP. */
const pushing = tableOf((squared) => (2 * b) / ((0.001 + squared) * (1 + a * squared ** b)));

/** Two rows approach each other. */
function pull(places: Float64Array, row: number, other: number, rate: number): void {
  const x = places[row]! - places[other]!;
  const y = places[row + 1]! - places[other + 1]!;
  const strength = rate * pulling[stepOf(x * x + y * y)]!;
  const dx = limited(strength * x, rate);
  const dy = limited(strength * y, rate);
  places[row] = places[row]! - dx;
  places[row + 1] = places[row + 1]! - dy;
  places[other] = places[other]! + dx;
  places[other + 1] = places[other + 1]! + dy;
}

/** A row goes away from another, which stays, as in UMAP. */
function push(places: Float64Array, row: number, other: number, rate: number): void {
  const x = places[row]! - places[other]!;
  const y = places[row + 1]! - places[other + 1]!;
  const strength = rate * pushing[stepOf(x * x + y * y)]!;
  places[row] = places[row]! + limited(strength * x, rate);
  places[row + 1] = places[row + 1]! + limited(strength * y, rate);
}

/** A step of the whole rate is at most `longestStep`. */
const limited = (step: number, rate: number): number => Math.max(-longestStep * rate, Math.min(longestStep * rate, step));

/** One of `count` rows, as good as random. */
const among = (draw: number, count: number): number => Math.floor((scattered(draw) / 2 ** 32) * count);

/** Scaled to the size at which UMAP begins; rows at one place are set a little apart, or they could never part. */
function beginning(begin: Float32Array): Float64Array {
  const largest = begin.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  const scale = largest > 0 ? beginSide / largest : 0;
  return Float64Array.from(begin, (value, i) => value * scale + (scattered(i + 0x51ed270b) / 2 ** 32 - 0.5) * 1e-3 * beginSide);
}

/** Moved and scaled so that squared distances to the earlier places are least: what a person knows stays where it was. */
function likeEarlier(places: Float64Array, earlier: Float32Array): Float32Array<ArrayBuffer> {
  const count = places.length / 2;
  const mean = (values: Float32Array | Float64Array, axis: number): number => {
    let sum = 0;
    for (let i = axis; i < values.length; i += 2) sum += values[i]!;
    return sum / count;
  };
  const [from, to] = [[mean(places, 0), mean(places, 1)] as const, [mean(earlier, 0), mean(earlier, 1)] as const];
  let [both, own] = [0, 0];
  for (let i = 0; i < places.length; i++) {
    const apart = places[i]! - from[i & 1]!;
    both += apart * (earlier[i]! - to[i & 1]!);
    own += apart * apart;
  }
  const scale = own > 0 && both > 0 ? both / own : 1;
  const moved = Float32Array.from(places, (value, i) => (value - from[i & 1]!) * scale + to[i & 1]!);
  const largest = moved.reduce((most, one) => Math.max(most, Math.abs(one)), 1);
  return largest > 1 ? moved.map((value) => value / largest) : moved;
}

/** Turned so that it is widest from left to right, centred, in a square from −1 to 1. */
function inSquare(places: Float64Array): Float32Array<ArrayBuffer> {
  const count = places.length / 2;
  let [meanX, meanY] = [0, 0];
  for (let i = 0; i < count; i++) [meanX, meanY] = [meanX + places[2 * i]! / count, meanY + places[2 * i + 1]! / count];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [x, y] = [places[2 * i]! - meanX, places[2 * i + 1]! - meanY];
    [xx, xy, yy] = [xx + x * x, xy + x * y, yy + y * y];
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = new Float64Array(places.length);
  for (let i = 0; i < count; i++) {
    const [x, y] = [places[2 * i]! - meanX, places[2 * i + 1]! - meanY];
    turned[2 * i] = cos * x + sin * y;
    turned[2 * i + 1] = cos * y - sin * x;
  }
  const largest = turned.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  return Float32Array.from(turned, (value) => (largest > 0 ? value / largest : 0));
}
