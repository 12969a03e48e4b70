// Where the nodes of a compiled graph ran and what took their time, read from onnxruntime's profile: a list of events in the order in
// which they ended, so that the nodes of a run stand before it.

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: { readonly provider?: string; readonly op_name?: string; readonly node_index?: string; readonly output_size?: string };
}

export interface Placement {
  /** Nodes by the execution provider that ran them; copies are no part of them. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Nodes that onnxruntime added to copy between the host and the device, and what a step copies through them. */
  readonly copies: Readonly<Record<'nodes' | 'bytes' | 'seconds', number>>;
  /** Seconds of a step by operation: as the card counted them where it did, else as long as the calls lasted. */
  readonly operations: Readonly<Record<string, number>>;
  /** Seconds of a step's runs outside of calls of nodes: inputs are handed over, a card is waited for, results are taken back. */
  readonly outsideSeconds: number;
}

const host = 'CPUExecutionProvider';
const nowhere: Placement = { nodes: {}, copies: { nodes: 0, bytes: 0, seconds: 0 }, operations: {}, outsideSeconds: 0 };

const isNode = ({ cat, name }: ProfileEvent): boolean => cat === 'Node' && name.endsWith('_kernel_time');
const isCopy = ({ args }: ProfileEvent): boolean => args.op_name?.startsWith('Memcpy') === true;
/** What the card has timed itself: WebGPU calls its programs `node&operation&program`. */
const operationOnCard = ({ cat, name }: ProfileEvent): string | undefined => (cat === 'Api' ? name.split('&')[1] : undefined);
const operationOf = (event: ProfileEvent): string => operationOnCard(event) ?? event.args.op_name ?? 'unknown';

const secondsOf = (events: readonly ProfileEvent[]): number => events.reduce((total, { dur }) => total + dur, 0) / 1e6;
const bytesOf = (events: readonly ProfileEvent[]): number => events.reduce((total, { args }) => total + Number(args.output_size ?? 0), 0);
const nodesOf = (events: readonly ProfileEvent[]): number => new Set(events.map(({ args }) => args.node_index)).size;

/** A figure of each group of events. */
function figures(
  events: readonly ProfileEvent[],
  keyOf: (event: ProfileEvent) => string,
  figureOf: (group: readonly ProfileEvent[]) => number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(Object.groupBy(events, keyOf)).map(([key, group]) => [key, figureOf(group!)]));
}

/**
 * The profile of a session that made `steps` alike steps, at least two. The first is left out of times and bytes: kernels are compiled and
 * memory is taken in it. Throws `SyntaxError` on a file that was not closed: onnxruntime ends it when the session is released.
 */
export function readProfile(text: string, steps: number): Placement {
  const events = JSON.parse(text) as readonly ProfileEvent[];
  const runs = events.flatMap(({ name }, at) => (name === 'model_run' ? [at] : []));
  if (runs.length === 0) return nowhere;
  const later = events.slice(runs[Math.ceil(runs.length / steps) - 1]! + 1);
  const named = (name: string): ProfileEvent[] => later.filter((event) => event.name === name);
  const nodes = events.filter(isNode);
  const timed = later.filter(isNode);
  const copied = timed.filter(isCopy);
  // A card's own times stand at the end, those of all steps in a row.
  const ofCard = events.filter((event) => operationOnCard(event) !== undefined);
  // Where they are, calls of its nodes tell nothing but how long it took to hand them over.
  const called = timed.filter((event) => !isCopy(event) && (ofCard.length === 0 || event.args.provider === host));
  const computing = [...called, ...ofCard.slice(Math.ceil(ofCard.length / steps))];
  const counted = steps - 1;
  return {
    nodes: figures(
      nodes.filter((event) => !isCopy(event)),
      ({ args }) => args.provider ?? 'unknown',
      nodesOf,
    ),
    copies: { nodes: nodesOf(nodes.filter(isCopy)), bytes: bytesOf(copied) / counted, seconds: secondsOf(copied) / counted },
    operations: figures(computing, operationOf, (group) => secondsOf(group) / counted),
    outsideSeconds: (secondsOf(named('model_run')) - secondsOf(named('SequentialExecutor::Execute'))) / counted,
  };
}

const sums = <T extends Readonly<Record<string, number>>>(a: T, b: T): T =>
  Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)])) as T;

/** Of a step that several sessions make together. */
export const together = (parts: readonly Placement[]): Placement =>
  parts.reduce(
    (all, part) => ({
      nodes: sums(all.nodes, part.nodes),
      copies: sums<Placement['copies']>(all.copies, part.copies),
      operations: sums(all.operations, part.operations),
      outsideSeconds: all.outsideSeconds + part.outsideSeconds,
    }),
    nowhere,
  );

/** The operations that take most of the time, as shares of all that was timed in nodes, copies among them. */
export function largestShares({ operations, copies }: Placement, count: number): readonly (readonly [operation: string, share: number])[] {
  const all = Object.values(operations).reduce((total, seconds) => total + seconds, copies.seconds);
  return Object.entries(operations)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, seconds]) => [name, seconds / all] as const);
}
