// The devices of this computer: which there are, which have proven that they compute right, and which of them is fastest for a run.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { deviceNames, reducedPrecisions } from '../../../shared/devices.ts';
import type { DeviceId, DeviceReport, GraphicsCard, Precision } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { inPieces } from '../../files/in-pieces.ts';
import type { Feed } from '../../training/plan/feed-memory.ts';
import { cardMicroBatchInPieces, processorMicroBatchInPieces, whyNoSmaller } from '../../training/plan/fit-micro-batch.ts';
import type { MicroBatch } from '../../training/plan/fit-micro-batch.ts';
import type { Home } from '../home.ts';
import { threadsOf } from '../threads.ts';
import { BatchLimits } from './batch-limits.ts';
import { cardOf, hasCard, namedDevices, noCardUsed, placeOf, untestedIn } from './candidates.ts';
import type { ChosenDevice, ReasonedDevice } from './chosen-device.ts';
import { usualTools } from './device-tools.ts';
import type { DeviceTools, DeviceWork } from './device-tools.ts';
import {
  askedDevice,
  cardShared,
  cardTaken,
  deviceForVectors,
  effortFor,
  expectedDevice,
  littleWork,
  noCardFound,
  processorAsked,
  raceReason,
} from './expected-device.ts';
import type { ExpectedDevice, StepTime } from './expected-device.ts';
import { offerTensorflow } from './install-tensorflow.ts';
import { raceDevices } from './race.ts';
import { stepTime, withPace, withTrial } from './step-times.ts';
import type { KnownTime } from './step-times.ts';
import { TestedDevices } from './tested-devices.ts';
import type { DeviceList } from './tested-devices.ts';

export interface ExpectedStep extends KnownTime {
  readonly device: DeviceId;
  /** Whether a card that is still to be tried may be faster. */
  readonly atMost: boolean;
}

export class Devices {
  readonly #tested: TestedDevices;
  readonly #tools: DeviceTools;
  readonly #limits: BatchLimits;
  /** One test or race at a time: two would measure each other. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Of timing that nobody waits for: whatever a person asks for ends it. */
  #unasked: AbortController | undefined;

  /** Where something else computes meanwhile, what is found out should not be kept for other programs. */
  constructor(home: Home, tools: DeviceTools = usualTools, { isKept = true }: { readonly isKept?: boolean } = {}) {
    this.#tested = new TestedDevices(home, tools, isKept);
    this.#tools = tools;
    this.#limits = new BatchLimits(home, isKept);
    offerTensorflow(home);
  }

  /** Cards and what is known of each device, without testing anything. */
  async list(): Promise<DeviceList> {
    return this.#tested.list();
  }

  /** Notes that a device failed in the middle of work, as `TestedDevices` does. */
  async failed(...what: Parameters<TestedDevices['failed']>): Promise<void> {
    return this.#tested.failed(...what);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#unasked?.abort();
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /**
   * Tests devices, all there could be when none are named, and keeps the reports; the processor alone while a run has the card. Rejects with
   * `cancelled` when the signal aborts.
   */
  async test(ids: readonly DeviceId[] | undefined, work: DeviceWork = {}): Promise<readonly DeviceReport[]> {
    return this.#alone(async () => this.#tested.test(ids, work, ({ signature }) => this.#limits.forget(signature)));
  }

  /**
   * The device for a run: the one that is wanted, or the fastest that computes right. What was not tested yet is tested now. Throws
   * `device-failed` or `unsupported` where the wanted one cannot be used, `cancelled`.
   */
  async choose(wanted: TrainConfig['device'], config: TrainConfig, work: DeviceWork = {}): Promise<ChosenDevice> {
    const asked = askedDevice(wanted);
    this.#unasked?.abort();
    const chosen =
      asked === 'cpu'
        ? processorAsked
        : await this.#alone(async () => (asked === 'auto' ? this.#fastest(config, work) : this.#wanted(asked as DeviceId, work)));
    return this.#completed(chosen, config, work);
  }

  /** The processor, for a run that the device it was on has no room for, which `why` says. */
  async insteadOfCard(why: string, config: TrainConfig, feed?: Feed): Promise<ChosenDevice> {
    return this.#completed({ device: 'cpu', reason: `The processor. ${why} ${whyNoSmaller(config)}` }, config, { feed });
  }

  async #completed(chosen: ReasonedDevice, config: TrainConfig, work: DeviceWork): Promise<ChosenDevice> {
    const { precision, remark } = await this.#precision(chosen.device, config, work);
    const remarked = await this.#withRemark(chosen);
    const isOnCard = chosen.device !== 'cpu' && remarked.onProcessor !== true;
    const reason = [remarked.reason, remark ?? '', isOnCard && this.#tested.isCardInUse ? cardShared : ''];
    return {
      ...remarked,
      reason: reason.filter(Boolean).join(' '),
      precision,
      microBatch: await this.microBatch(chosen.device, { ...config, precision }, work.feed),
    };
  }

  /** Says where a device uses no card though it could. */
  async #withRemark({ device, reason }: ReasonedDevice): Promise<ReasonedDevice> {
    if (device === 'cpu' || !(await this.#tested.isOnProcessor(device))) return { device, reason };
    return { device, reason: `${reason} ${noCardUsed(device)}`, onProcessor: true };
  }

  /** What a device computes a run's products in, and what a person who wants them reduced should know of it. */
  async #precision(
    device: DeviceId,
    { precision: wanted }: TrainConfig,
    work: DeviceWork,
  ): Promise<{ readonly precision: Precision; readonly remark?: string }> {
    if (wanted === 'float32') return { precision: wanted };
    if (reducedPrecisions[device] !== wanted)
      return { precision: 'float32', remark: `In float32: ${placeOf(device)} does not compute in ${wanted}.` };
    const known = (await this.#tested.reportOf(device))?.reduced;
    // Reports of earlier versions say nothing of it.
    const { works, reason } = known ?? (await this.#alone(async () => this.#tested.probe(device, work))).reduced ?? untestedIn(wanted);
    return works ? { precision: wanted, remark: `In ${wanted}, as set.` } : { precision: 'float32', remark: `In float32: ${reason}` };
  }

  /**
   * How many images of a run pass a device at once: what its memory, or the computer's where it uses no card, holds that is free now, or was
   * when cards were last `looked` at; the computer's holds what the run is cut from besides. Throws `bad-config` where the grid is too small for its masks.
   */
  async microBatch(device: DeviceId, config: TrainConfig, feed?: Feed, looked?: GraphicsCard): Promise<MicroBatch> {
    if (await this.#tested.isOnProcessor(device)) {
      const onThreads = { ...config, threads: threadsOf(config.threads) };
      return inPieces(processorMicroBatchInPieces(onThreads, this.#tools.memory(), feed));
    }
    const card = looked ?? cardOf(device, config.microBatch > 0 ? await this.#tested.cards() : await this.#tools.cards());
    const { signature } = await this.#tested.known();
    return this.#limits.within(signature, device, config, await inPieces(cardMicroBatchInPieces(config, device, card)));
  }

  /** What `choose` would say, without testing or timing anything. */
  async expected(config: TrainConfig): Promise<ExpectedDevice> {
    // Nobody need be asked for cards then.
    if (askedDevice(config.device) === 'cpu') return expectedDevice(config, [], { reports: [], races: {} });
    const known = await this.#tested.known();
    return expectedDevice(config, await this.#tested.cards(), known);
  }

  async #wanted(id: DeviceId, work: DeviceWork): Promise<ReasonedDevice> {
    const known = await this.#tested.reportOf(id);
    const possible = namedDevices(await this.#tested.cards());
    // Where TensorFlow is not installed its test says so, and how that is done.
    if (!possible.includes(id) && (id !== 'tensorflow' || process.platform === 'darwin'))
      throw new AppError(
        'unsupported',
        `${deviceNames[id] ?? id} is not to be had on this system.`,
        `Choose auto, cpu or ${possible.join(', ')}.`,
      );
    const report = known?.state === 'ready' ? known : await this.#tested.probe(id, work);
    if (report.state !== 'ready')
      throw new AppError(report.state === 'absent' ? 'unsupported' : 'device-failed', report.reason, 'Choose the processor (device=cpu).');
    return { device: id, reason: `${deviceNames[id]}, as asked.` };
  }

  async #fastest(config: TrainConfig, work: DeviceWork): Promise<ReasonedDevice> {
    await this.#tested.known();
    if (!hasCard(await this.#tested.cards())) return noCardFound;
    const reports = await this.#tested.allTested(work);
    const ready = reports.filter(({ state }) => state === 'ready').map(({ id }) => id);
    if (ready.length === 0) return { device: 'cpu', reason: `The processor. ${reports.map(({ reason }) => reason).join(' ')}` };
    const ranked = await this.#race(['cpu', ...ready], config, work);
    return { device: ranked[0]!.device, reason: raceReason(ranked) };
  }

  /**
   * What vectors are made on: the device that is wanted, or a card that no run has, computes right and much faster than the processor. Cards
   * that were not tested yet are tested now where the processor would be busy with all `operations` for long; where it is done at once none
   * is started. Throws as `choose` does.
   */
  async forVectors(
    wanted: TrainConfig['device'],
    operations: () => Promise<number>,
    { isCardTaken = () => false, ...work }: DeviceWork = {},
  ): Promise<ReasonedDevice> {
    const asked = askedDevice(wanted);
    if (asked === 'cpu') return processorAsked;
    const known = await this.#tested.known();
    if (asked !== 'auto') return this.#withRemark(await this.#alone(async () => this.#wanted(asked as DeviceId, work)));
    if (!hasCard(await this.#tested.cards())) return noCardFound;
    if (isCardTaken()) return cardTaken;
    const effort = effortFor(await operations(), await this.#tested.cards(), known.reports);
    if (effort === 'none') return littleWork;
    // What a test finds on a card that a run has filled is not how it is.
    if (effort === 'test') await this.#alone(async () => (isCardTaken() ? [] : this.#tested.allTested(work)));
    return isCardTaken() ? cardTaken : deviceForVectors(await this.#tested.cards(), (await this.#tested.known()).reports);
  }

  /**
   * How long a step would take, without timing anything: on the expected device, or on the processor where a card is still to be tried,
   * which is then `atMost` that. Undefined while nothing was timed there.
   */
  async expectedStep(config: TrainConfig): Promise<ExpectedStep | undefined> {
    const { device } = await this.expected(config);
    const known = stepTime(await this.#tested.known(), device ?? 'cpu', config);
    return known && { ...known, device: device ?? 'cpu', atMost: device === undefined };
  }

  /** Notes what a trial of a run, or its whole training, has taken for a step on a device. */
  async noteStep(device: DeviceId, config: TrainConfig, seconds: number, of: 'trial' | 'training'): Promise<void> {
    this.#tested.keep((of === 'trial' ? withTrial : withPace)(await this.#tested.known(), device, config, seconds));
    const { failures, ...report } = (await this.#tested.reportOf(device)) ?? {};
    // A run that it took to the end makes up for an earlier failure.
    if (of === 'training' && failures !== undefined) await this.#tested.report(report as DeviceReport);
  }

  /**
   * Times a step of these sizes on the processor where none was timed yet, as long as nobody wants anything else of the devices. Resolves
   * when it is known or was ended; whether it is known.
   */
  async getToKnow(config: TrainConfig, signal?: AbortSignal): Promise<boolean> {
    const isKnown = async (): Promise<boolean> => stepTime(await this.#tested.known(), 'cpu', config)?.timed === true;
    if (await isKnown()) return true;
    if (this.#unasked || signal?.aborted === true) return false;
    const unasked = new AbortController();
    const timing = this.#alone(async () => this.#race(['cpu'], config, { signal: unasked.signal, unasked: true }));
    this.#unasked = unasked;
    signal?.addEventListener('abort', () => unasked.abort());
    try {
      await timing;
      return await isKnown();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return false;
    } finally {
      this.#unasked = undefined;
    }
  }

  /**
   * Times a step of a run on all devices that compute right, the fastest first; on the processor alone while a run has the card. Rejects with
   * `cancelled` when the signal aborts.
   */
  async race(config: TrainConfig, work: DeviceWork = {}): Promise<readonly StepTime[]> {
    return this.#alone(async () => {
      const { reports } = await this.#tested.known();
      const ready = reports.filter(({ id, state }) => id !== 'cpu' && state === 'ready').map(({ id }) => id);
      return this.#race(work.isCardTaken?.() === true ? ['cpu'] : ['cpu', ...ready], config, work);
    });
  }

  async #race(devices: readonly DeviceId[], config: TrainConfig, work: DeviceWork): Promise<readonly StepTime[]> {
    return raceDevices(devices, config, work, {
      tools: this.#tools,
      tested: this.#tested,
      limits: this.#limits,
      microBatch: async (id, sized) => this.microBatch(id, sized, work.feed),
    });
  }
}
