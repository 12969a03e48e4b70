// What is known of the devices of this computer: their cards, their tests, and what went wrong on them since.
import type { DeviceId, DeviceReport, GraphicsCard } from '../../../shared/devices.ts';
import type { Home } from '../home.ts';
import { candidates, cardOf, described, failedBeside, hasCard, isOnProcessor, placeOf, withReasonOfCards } from './candidates.ts';
import { KnownDevices } from './device-file.ts';
import type { DeviceFile } from './device-file.ts';
import type { DeviceTools, DeviceWork } from './device-tools.ts';
import { withoutFindings } from './step-times.ts';

export interface DeviceList {
  readonly cards: readonly GraphicsCard[];
  readonly devices: readonly DeviceReport[];
}

export class TestedDevices {
  readonly #memory: KnownDevices;
  readonly #tools: DeviceTools;
  #cards: readonly GraphicsCard[] | undefined;

  constructor(home: Home, tools: DeviceTools, isKept: boolean) {
    this.#memory = new KnownDevices(home, isKept);
    this.#tools = tools;
  }

  /** Cards and what is known of each device, without testing anything. */
  async list(): Promise<DeviceList> {
    this.#cards = await this.#tools.cards();
    const { reports } = this.#memory.read(this.#cards);
    return { cards: this.#cards, devices: described(this.#cards, reports) };
  }

  /** The cards as they were looked at last. */
  async cards(): Promise<readonly GraphicsCard[]> {
    return (this.#cards ??= await this.#tools.cards());
  }

  async known(): Promise<DeviceFile> {
    return this.#memory.read(await this.cards());
  }

  /** What was found out of the same cards. */
  keep(known: DeviceFile): void {
    this.#memory.keep(known);
  }

  /**
   * Tests devices, all there could be when none are named, and keeps the reports; the processor alone while a run has the card. `forget` is
   * told of each card before.
   */
  async test(
    ids: readonly DeviceId[] | undefined,
    work: DeviceWork,
    forget: (known: DeviceFile) => void,
  ): Promise<readonly DeviceReport[]> {
    this.#cards = await this.#tools.cards();
    const tested = ids ?? (hasCard(this.#cards) ? ['cpu' as const, ...candidates(this.#cards)] : ['cpu' as const]);
    for (const id of tested) {
      if (id !== 'cpu' && work.isCardTaken?.() === true) continue;
      // Who asks for it wants to know anew.
      const known = await this.known();
      this.keep(withoutFindings(known, id));
      if (id !== 'cpu') forget(known);
      await this.probe(id, work);
    }
    return described(this.#cards, (await this.known()).reports, tested);
  }

  /** Tests one device and keeps its report. */
  async probe(id: DeviceId, { signal, onStage }: DeviceWork): Promise<DeviceReport> {
    onStage?.(`Testing ${placeOf(id)}.`);
    const wasShared = this.isCardInUse;
    const card = id === 'cpu' ? undefined : cardOf(id, await this.cards());
    const tested = await this.#tools.probe(id, signal, card?.memoryFree ?? card?.memory);
    const isBeside = id !== 'cpu' && tested.state === 'failed' && (wasShared || this.isCardInUse);
    const found = isBeside ? failedBeside(tested) : tested;
    const failures = (await this.reportOf(id))?.failures;
    const cards = await this.cards();
    const obstacles = id === 'webgpu' && found.state !== 'ready' ? await this.#tools.obstacles(cards) : [];
    return this.report({ ...withReasonOfCards(found, cards, obstacles), ...(failures !== undefined && { failures }) });
  }

  /** Whether another program computes on the card now. */
  get isCardInUse(): boolean {
    return this.#tools.isCardInUse?.() === true;
  }

  async reportOf(id: DeviceId): Promise<DeviceReport | undefined> {
    return (await this.known()).reports.find((one) => one.id === id);
  }

  /** Whether it computes on the processor, whatever it is called. */
  async isOnProcessor(id: DeviceId): Promise<boolean> {
    // Nobody need be asked for cards then.
    if (id === 'cpu') return true;
    return isOnProcessor(id, await this.cards(), await this.reportOf(id));
  }

  async report(report: DeviceReport): Promise<DeviceReport> {
    const known = await this.known();
    this.keep({ ...known, reports: [...known.reports.filter(({ id }) => id !== report.id), report] });
    return report;
  }

  /** What could use a card; what was not tested yet is tested now. */
  async allTested(work: DeviceWork): Promise<readonly DeviceReport[]> {
    const known = await this.known();
    const reports: DeviceReport[] = [];
    // What the processor does is what a card for vectors is compared with.
    if (!known.reports.some(({ id }) => id === 'cpu')) await this.probe('cpu', work);
    for (const id of candidates(await this.cards())) {
      const before = known.reports.find((one) => one.id === id);
      reports.push(before && before.state !== 'untested' ? before : await this.probe(id, work));
    }
    return reports;
  }

  /**
   * Notes that a device failed in the middle of work. Sleep and a driver that was reset lose a card that is as good as before in another
   * process: the first time it is only tested anew before it is used. After the second it is set aside until a person asks for a test,
   * unless work `hasGotOn` in between: a laptop may sleep any number of times in a run.
   */
  async failed(id: DeviceId, message: string, hasGotOn = false): Promise<void> {
    const before = hasGotOn ? 0 : ((await this.reportOf(id))?.failures ?? 0);
    const failures = before + 1;
    const isLost = failures > 1;
    const next = isLost
      ? 'It is used again once you have it tested: Settings, or ijepa-studio doctor.'
      : 'The next run tests it once more.';
    const reason = `It failed in the middle of work. ${message} ${next}`;
    await this.report({ id, state: isLost ? 'failed' : 'untested', reason, failures, tested: new Date().toISOString() });
  }
}
