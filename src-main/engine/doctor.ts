// What this computer is, whether its devices compute right and how fast, what a run would train on, and what would make it faster.
import { mkdirSync } from 'node:fs';
import { availableParallelism, cpus, release, type } from 'node:os';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { cropsPerImage } from '../../shared/config/config.ts';
import type { TensorflowOffer } from '../../shared/contract/contract-system.ts';
import { deviceNames } from '../../shared/devices.ts';
import type { DeviceReport, GraphicsCard, DeviceId } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import { programVersion } from '../../shared/version.ts';
import { memoryThere } from '../files/memory.ts';
import { imageLibraryVersion } from '../images/version.ts';
import { sqliteVersion } from '../library/version.ts';
import { meanStepOperations } from '../training/plan/step-operations.ts';
import { missingDriver, updateDriver } from './devices/candidates.ts';
import type { ChosenDevice } from './devices/chosen-device.ts';
import { usualTools } from './devices/device-tools.ts';
import type { DeviceTools, DeviceWork } from './devices/device-tools.ts';
import { Devices } from './devices/devices.ts';
import { askedDevice } from './devices/expected-device.ts';
import type { ExpectedDevice } from './devices/expected-device.ts';
import { tensorflowOffer } from './devices/install-tensorflow.ts';
import { hasRunOnCard, homeAt, runsInUse } from './home.ts';
import { usualRun } from './runs/pace.ts';

export interface Diagnosis {
  readonly program: string;
  readonly node: string;
  readonly sharp: string;
  readonly sqlite: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memoryFree: number;
  readonly memoryTotal: number;
  readonly cards: readonly GraphicsCard[];
  readonly devices: readonly (DeviceReport & {
    /** Of the training step that was timed; null where it would be far more than the fastest's, or failed. */
    readonly stepSeconds?: number | null;
    /** The rate of its matrix products in that step, of the device's in bare ones. */
    readonly stepShare?: number;
    /** What went wrong with it, as a sentence. */
    readonly stepFailure?: string;
  })[];
  /** The training step that was timed: that of the usual recipe on small images. */
  readonly step: { readonly crops: number; readonly imageSize: number };
  /** Runs of this home that were being trained meanwhile: all that was timed is slower for it, and was not remembered. */
  readonly beside: readonly string[];
  /** Whether one of them trains on a graphics card: then none was tested or timed. */
  readonly cardTaken: boolean;
  /** What a run of it would train on; absent where it would not begin. */
  readonly chosen?: DeviceId;
  /** Why, as sentences. */
  readonly chosenReason: string;
  /** How many images of it would pass there at once, and why, as a sentence. */
  readonly passes?: string;
  /** The same of vectors and evaluations. */
  readonly vectors?: DeviceId;
  readonly vectorsReason: string;
  /** What would make it faster, each a sentence. */
  readonly advice: readonly string[];
}

/** Share of the memory below which other programs are in the way. */
const littleFree = 0.15;

/** Times the rate of float32 that makes another precision worth its rounding. */
const muchFaster = 1.2;

/** What advice follows from. */
export interface Findings extends Pick<Diagnosis, 'cards' | 'devices' | 'chosen' | 'memoryFree' | 'memoryTotal'> {
  /** Where one is published that could use a card of this computer. */
  readonly tensorflow?: TensorflowOffer | undefined;
  /** What keeps the cards from WebGPU (devices/vulkan-obstacles.ts). */
  readonly obstacles?: readonly string[];
  /** Whether a run has the card, so that none was tested. */
  readonly cardTaken?: boolean;
}

/** That a card is worth trying with TensorFlow, with what that takes. */
function tensorflowAdvice({ devices, tensorflow }: Findings): readonly string[] {
  if (!tensorflow || devices.some(({ id }) => id === 'tensorflow')) return [];
  const { space, lacks } = tensorflow;
  const missing = lacks.length === 0 ? '' : ` Before it can use the card: ${lacks.join(' ')}`;
  return [
    `With TensorFlow the NVIDIA card may be faster; that was not measured on a card yet. To try it: ijepa-studio devices install tensorflow (${(space / 1e9).toFixed(0)} GB of disk have to be free).${missing}`,
  ];
}

/** That no card does as much as the processor: drivers in software, such as Mesa's llvmpipe, pass the test as well as a card. */
function weakCardAdvice({ devices }: Findings): readonly string[] {
  const onProcessor = devices.find(({ id, state }) => id === 'cpu' && state === 'ready')?.matmulRate ?? 0;
  const usable = devices.filter(({ id, state, onProcessor: isOnProcessor }) => id !== 'cpu' && state === 'ready' && isOnProcessor !== true);
  const [best] = usable.toSorted((a, b) => (b.matmulRate ?? 0) - (a.matmulRate ?? 0));
  if (best?.matmulRate === undefined || best.matmulRate >= onProcessor) return [];
  const [rate, other] = [best.matmulRate, onProcessor].map((one) => Math.round(one));
  return [
    `${deviceNames[best.id]} computes right, but slower than the processor (${rate} and ${other} GFLOP/s in a bare product): the card is weaker than the processor, or a driver in software stands in for its own. ${updateDriver}`,
  ];
}

/** What keeps a card from WebGPU, also where none was found or a driver in software has taken its place, unless that was said already. */
function obstacleAdvice(findings: Findings, said: readonly string[]): readonly string[] {
  const { devices, obstacles = [], cardTaken } = findings;
  const isUsed = devices.some(({ id, state }) => id === 'webgpu' && state === 'ready') && weakCardAdvice(findings).length === 0;
  return isUsed || cardTaken === true ? [] : obstacles.filter((sentence) => !said.some((one) => one.includes(sentence)));
}

export function adviceFor(findings: Findings): string[] {
  const { cards, devices, chosen, memoryFree, memoryTotal } = findings;
  const advice: string[] = [];
  const others = devices.filter(({ id }) => id !== 'cpu');
  if (cards.length === 0) advice.push('No graphics card was found; with one, training is usually faster.');
  else if (findings.cardTaken !== true && others.every(({ state }) => state !== 'ready'))
    advice.push(`A graphics card is there, and cannot be used: ${others.map((one) => `${deviceNames[one.id]}: ${one.reason}`).join(' ')}`);
  const driver = missingDriver(cards);
  if (driver !== undefined) advice.push(...[driver].filter((sentence) => !advice.some((one) => one.includes(sentence))));
  else advice.push(...weakCardAdvice(findings));
  advice.push(...obstacleAdvice(findings, advice));
  advice.push(...tensorflowAdvice(findings));
  const { id, reduced, matmulRate } = devices.find((one) => one.id === chosen) ?? {};
  const faster = reduced?.works === true ? (reduced.matmulRate ?? 0) / (matmulRate ?? Infinity) : 0;
  if (id !== undefined && faster >= muchFaster)
    advice.push(
      `Products on ${deviceNames[id]} are ${faster.toFixed(1)} times as fast in ${reduced!.precision}: choose that for a run under "precision".`,
    );
  if (memoryFree < littleFree * memoryTotal) advice.push('Little memory is free: close other programs before a long run.');
  return advice;
}

type Expected = Pick<ExpectedDevice, 'device' | 'reason'> & Partial<Pick<ChosenDevice, 'microBatch'>>;

/** What is chosen, with the reason; where nothing can be, the reason alone. */
async function told(choose: () => Promise<Expected>): Promise<Expected> {
  const from = askedDevice('auto') === 'auto' ? '' : ' (IJEPA_STUDIO_DEVICE)';
  try {
    const { device, reason, microBatch } = await choose();
    return { ...(device && { device }), reason: `${reason}${from}`, ...(microBatch && { microBatch }) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'cancelled') throw error;
    return { reason: `None: ${error.message} ${error.hint}${from}` };
  }
}

type Choice = Pick<Diagnosis, 'chosen' | 'chosenReason' | 'passes' | 'vectors' | 'vectorsReason'>;

/**
 * What a run on `auto` would train on, and what vectors would be made on by what was tested, with the reasons. While a run has the card that
 * is what is known without testing it.
 */
export async function choiceOf(
  tests: Pick<Devices, 'choose' | 'forVectors' | 'expected'>,
  config: TrainConfig,
  work: DeviceWork,
): Promise<Choice> {
  const isTaken = work.isCardTaken?.() === true;
  const expected = async (): Promise<Expected> => tests.expected({ ...config, device: 'auto' });
  const { device: chosen, reason, microBatch } = await told(async () => (isTaken ? expected() : tests.choose('auto', config, work)));
  // One that is asked for by name would be tested now. Of more work than the processor does at once.
  const vectors = await told(async () =>
    isTaken && askedDevice('auto') !== 'auto' ? expected() : tests.forVectors('auto', async () => Promise.resolve(Infinity), work),
  );
  return {
    ...(chosen && { chosen }),
    chosenReason: reason,
    ...(microBatch && { passes: microBatch.reason }),
    ...(vectors.device && { vectors: vectors.device }),
    vectorsReason: vectors.reason,
  };
}

/**
 * Asks the system, tests every device in a process of its own and times a training step. What it finds is remembered for runs, unless one of
 * this home is being trained beside it; a card that such a run trains on is left alone. Rejects with `cancelled`.
 */
export async function diagnose(home?: string, given: DeviceWork = {}, tools: DeviceTools = usualTools): Promise<Diagnosis> {
  const place = homeAt(home);
  mkdirSync(place.path, { recursive: true });
  const beside = runsInUse(place);
  const tests = new Devices(place, tools, { isKept: beside.length === 0 });
  let cardTaken = false;
  // A run may begin meanwhile.
  const work = { ...given, isCardTaken: () => (cardTaken ||= hasRunOnCard(place)) };
  const reports = await tests.test(undefined, work);
  const { cards } = await tests.list();
  const { config } = usualRun('small', 'default');
  const times = await tests.race(config, work);
  const operations = meanStepOperations(config);
  const stepOf = ({ id, matmulRate }: DeviceReport): Omit<Diagnosis['devices'][number], keyof DeviceReport> => {
    const time = times.find(({ device }) => device === id);
    if (!time) return {};
    const { seconds, failure } = time;
    if (!Number.isFinite(seconds)) return { stepSeconds: null, ...(failure !== undefined && { stepFailure: failure }) };
    return { stepSeconds: seconds, ...(matmulRate !== undefined && { stepShare: operations / seconds / 1e9 / matmulRate }) };
  };
  const devices = reports.map((report) => ({ ...report, ...stepOf(report) }));
  const [memoryFree, memoryTotal] = [tools.memory(), memoryThere()];
  const choice = await choiceOf(tests, config, work);
  const obstacles = await tools.obstacles(cards);
  const findings = { cards, devices, cardTaken, obstacles, ...choice, memoryFree, memoryTotal, tensorflow: tensorflowOffer(place, cards) };
  return {
    program: programVersion,
    node: process.versions.node,
    sharp: imageLibraryVersion(),
    sqlite: sqliteVersion(),
    system: `${type()} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    memoryFree,
    memoryTotal,
    cards,
    devices,
    step: { crops: config.batchSize * cropsPerImage(config), imageSize: config.imageSize },
    beside,
    cardTaken,
    ...choice,
    advice: adviceFor(findings),
  };
}
