// What can be said of devices without asking any: which there could be on a system, what they are called, and what counts as their fault.
import { deviceNames, isNvidia, isOnNouveau } from '../../../shared/devices.ts';
import type { DeviceId, DeviceReport, GraphicsCard, Precision, ReducedReport } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { tensorflowVariable, withoutKernels } from '../../../shared/tensorflow.ts';
import { TrainerKilled } from '../../trainer/trainer.ts';
import { nvidiaCardOf } from './nvidia-card.ts';

const cardFaults: ReadonlySet<ErrorCode> = new Set(['device-failed', 'trainer-crashed', 'out-of-memory', 'unsupported']);

/**
 * Whether work ended because of the card that it was done on: on another device it can go on from what is kept. It did not where the system
 * has ended the process for want of the computer's own memory.
 */
export const isCardFault = (error: unknown, { device }: { readonly device: DeviceId }): error is AppError =>
  device !== 'cpu' && error instanceof AppError && cardFaults.has(error.code) && !(error instanceof TrainerKilled);

/** Whether that says something of the card itself: what was too large for its memory tells nothing of smaller work. */
export const isBrokenCard = (error: unknown, place: { readonly device: DeviceId }): boolean =>
  isCardFault(error, place) && error.code !== 'out-of-memory';

export const placeOf = (id: DeviceId): string => (id === 'cpu' ? 'the processor' : deviceNames[id]);

/**
 * What could use a graphics card on this kind of system, the best guess first. Not Core ML, which leaves a training step's products to the
 * processor, and not DirectML beside several cards: it takes the system's first, often the one in the processor, and WebGPU the better one.
 */
export function candidates(cards: readonly GraphicsCard[], platform: string = process.platform): readonly DeviceId[] {
  const nvidia = cards.some(isNvidia);
  // A part that a person has installed, or named in the environment.
  const tensorflow = process.env[tensorflowVariable] ? (['tensorflow'] as const) : [];
  switch (platform) {
    case 'win32':
      return ['webgpu', ...(cards.length > 1 ? [] : (['dml'] as const)), ...(nvidia ? tensorflow : [])];
    case 'darwin':
      return ['webgpu'];
    default:
      return nvidia ? ['webgpu', 'cuda', ...tensorflow] : ['webgpu'];
  }
}

/** What a person may ask for by name: also what is never tried by itself. */
export function namedDevices(cards: readonly GraphicsCard[], platform: string = process.platform): readonly DeviceId[] {
  const only = platform === 'win32' ? (['dml'] as const) : platform === 'darwin' ? (['coreml'] as const) : [];
  return [...new Set([...candidates(cards, platform), ...only])];
}

/** Bytes of its own that a card has; where the system does not tell, at least as many as Windows can tell of. */
const ownMemory = ({ memory = 2 ** 32, inProcessor }: GraphicsCard): number => (inProcessor ? 0 : memory);

/**
 * The card that a device computes on, as far as that can be told. onnxruntime's WebGPU asks for a high-performance adapter where it is told
 * nothing else (microsoft/onnxruntime#26290), and its binding for Node knows no option for that: of several cards it gets one with memory of
 * its own. DirectML and Core ML take the system's first, which of several is not known to be that of this list.
 */
export function cardOf(id: DeviceId, known: readonly GraphicsCard[]): GraphicsCard | undefined {
  const cards = known.filter(({ driverless }) => driverless !== true);
  if (id === 'cuda' || id === 'tensorflow') return nvidiaCardOf(cards);
  if (id === 'webgpu') return cards.toSorted((a, b) => ownMemory(b) - ownMemory(a))[0];
  return cards.length === 1 ? cards[0] : undefined;
}

/**
 * Whether a device computes on the processor and in the computer's memory, as its test has found. TensorFlow does so where it finds no card
 * that it can use, and before its test there is none where no card is of the vendor that it knows.
 */
export const isOnProcessor = (id: DeviceId, cards: readonly GraphicsCard[], report: DeviceReport | undefined): boolean =>
  id === 'cpu' || (report?.state === 'ready' ? report.onProcessor === true : id === 'tensorflow' && !cards.some(isNvidia));

/** What a person should know of such a device, unless it is the processor. */
export const noCardUsed = (id: DeviceId): string =>
  id === 'tensorflow'
    ? 'It computes on the processor: it has found no graphics card that it can use.'
    : 'It computes on the processor, which it leaves matrix products to.';

/** The end of a sentence, in the words of page and terminal. */
export const testAgain = 'have it tested again: Settings, or ijepa-studio doctor.';

/** What a person can do about a card that fails its test, as a sentence; on a Mac drivers are the system's. */
export const updateDriver = `Update ${process.platform === 'darwin' ? 'macOS' : 'the driver of the graphics card'}, then ${testAgain}`;

/** The same about TensorFlow: it ends, or computes wrong, with libraries of other versions, and takes long on a card that is newer than it. */
export const fitTensorflow =
  'A TensorFlow needs just the CUDA and cuDNN that it was built with (2.9: CUDA 11.2 and cuDNN 8.1), and a card that is not newer than it. Have it tested again when that has changed, or choose another device.';

/** What a person can do about a card that no driver runs, as a sentence. */
export const withoutDriver = (card: GraphicsCard): string =>
  isNvidia(card)
    ? `No driver runs the ${card.name}: install NVIDIA's driver, or where it is installed restart the computer (and install it again where that does not help), then ${testAgain}`
    : `No driver runs the ${card.name}: update the system, since a newer Linux may have its driver and the files that this needs (on Debian and Ubuntu: the packages linux-firmware or firmware-misc-nonfree), then ${testAgain}`;

/** What a person with NVIDIA's card can do where its driver is missing, as sentences; undefined where that is not known. */
export function missingDriver(cards: readonly GraphicsCard[]): string | undefined {
  const nvidia = cards.filter(isNvidia);
  const driverless = nvidia.find((card) => card.driverless === true);
  if (driverless && nvidia.every((card) => card.driverless === true || isOnNouveau(card))) return withoutDriver(driverless);
  if (nvidia.length === 0 || !nvidia.every(isOnNouveau)) return undefined;
  return `NVIDIA's driver is missing: the card runs on nouveau, with which neither CUDA nor TensorFlow can use it. Install NVIDIA's driver, then ${testAgain}`;
}

/**
 * With what is known of the cards where that is why a test on them has failed: TensorFlow's most likely by taking too long, WebGPU's by the
 * `obstacles` of this system.
 */
export function withReasonOfCards(report: DeviceReport, cards: readonly GraphicsCard[], obstacles: readonly string[] = []): DeviceReport {
  if (report.id === 'webgpu' && report.state !== 'ready') return { ...report, reason: [report.reason, ...obstacles].join(' ') };
  const noKernels = withoutKernels(cards.flatMap(({ computeCapability = [] }) => computeCapability));
  if (report.id !== 'tensorflow' || report.state !== 'failed' || noKernels === undefined) return report;
  // No driver helps there.
  return {
    ...report,
    reason: `${[updateDriver, fitTensorflow].reduce((reason, advice) => reason.replace(` ${advice}`, ''), report.reason)} ${noKernels}`,
  };
}

export const untested = (id: DeviceId): DeviceReport => ({
  id,
  state: 'untested',
  reason: 'It is used once three tiny steps on it have agreed with the reference; the first run tests it.',
});

/** Of a test that failed while another program computed on the card, whose memory and time it had to share: that tells nothing of the card. */
export const failedBeside = (report: DeviceReport): DeviceReport => ({
  ...report,
  state: 'untested',
  reason: `It failed its test while another program of yours computed on the graphics card, and the next run tests it once more. ${report.reason}`,
});

/** Of a test that failed while the computer slept, which takes a card away from whatever computes on it: that tells nothing of the card. */
export const failedAsleep = (report: DeviceReport): DeviceReport =>
  report.state !== 'failed'
    ? report
    : {
        ...report,
        state: 'untested',
        reason: `The computer slept while it was tested, and the next run tests it once more. ${report.reason}`,
      };

/** Where a test has come to no end. */
export const untestedIn = (precision: Precision): ReducedReport => ({
  precision,
  works: false,
  reason: `It was not tested in ${precision}.`,
});

export const noCard = (id: DeviceId): DeviceReport => ({ id, state: 'absent', reason: 'No graphics card was found.' });

/** Where a software device is named by the environment, there is one without a card. */
const namedByEnvironment = (): boolean => Boolean(process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES']);

export const hasCard = (cards: readonly GraphicsCard[]): boolean => cards.length > 0 || namedByEnvironment();

/** The processor, what could use a card here, and what was `asked` for nevertheless. */
export function described(
  cards: readonly GraphicsCard[],
  reports: readonly DeviceReport[],
  asked: readonly DeviceId[] = [],
): readonly DeviceReport[] {
  const ids = new Set([...candidates(cards), ...asked.filter((id) => id !== 'cpu')]);
  const known = new Map(reports.map((report) => [report.id, report]));
  const cpu: DeviceReport = known.get('cpu') ?? { id: 'cpu', state: 'ready', reason: 'It is always there.' };
  const others = [...ids].map((id): DeviceReport => known.get(id) ?? (hasCard(cards) ? untested(id) : noCard(id)));
  return [cpu, ...others];
}
