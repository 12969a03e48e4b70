// Which of several cards of NVIDIA CUDA and TensorFlow compute on: they take the first that they see, and the environment says what that is.
import { isNvidia } from '../../../shared/devices.ts';
import type { GraphicsCard } from '../../../shared/devices.ts';

/** NVIDIA's variable: numbers or uuids (or what these begin with) of the cards that a program sees, in the order in which it sees them. */
const visible = 'CUDA_VISIBLE_DEVICES';

type Environment = Record<string, string | undefined>;

/**
 * The card that the environment names first, else the one with the most memory. Undefined where it names none that is here, and where its
 * number is one of another order than nvidia-smi's, which the runtime sets unless a person has (runtime/devices.ts).
 */
export function nvidiaCardOf(cards: readonly GraphicsCard[], environment: Environment = process.env): GraphicsCard | undefined {
  const nvidia = cards.filter(isNvidia);
  const first = environment[visible]?.split(',')[0]!.trim();
  if (first === undefined) return nvidia.toSorted((a, b) => (b.memory ?? 0) - (a.memory ?? 0))[0];
  if (!/^\d+$/.test(first)) return nvidia.find(({ uuid }) => first !== '' && uuid?.startsWith(first) === true);
  if (nvidia.length > 1 && (environment['CUDA_DEVICE_ORDER'] ?? 'PCI_BUS_ID') !== 'PCI_BUS_ID') return undefined;
  return nvidia.find(({ index }, at) => (index ?? at) === Number(first));
}

/** Has this process and its children compute on that one of several; what a person has set stays. */
export function computeOnOne(cards: readonly GraphicsCard[], environment: Environment = process.env): void {
  const uuid = nvidiaCardOf(cards, environment)?.uuid;
  if (cards.filter(isNvidia).length > 1 && uuid !== undefined) environment[visible] ??= uuid;
}
