// PyTorch on the sizes of a configuration, as a program that is measured (peer.ts).
import { fileURLToPath } from 'node:url';
import type { TrainConfig } from '../shared/config/config-table.ts';
import type { Precision } from '../shared/devices.ts';
import { patchValues, tokenCount } from '../src-main/jepa/model.ts';
import { stepSize } from '../src-main/training/plan/step-size.ts';
import { alternate, Peer } from './peer.ts';
import type { Turn } from './peer.ts';
import type { Row, Tell } from './row.ts';
import { median } from './shape.ts';

export type TorchPlace = 'cpu' | 'cuda';

const script = fileURLToPath(new URL('./peers/pytorch.py', import.meta.url));

/** Every size that the time of a step depends on, so that both make the same. */
function sizesFor(config: TrainConfig, device: TorchPlace): object {
  const { model, batch, contextTokens, targetBlocks, targetTokens } = stepSize(config);
  const { encoder, predictor } = model;
  return {
    threads: config.threads,
    device,
    batch,
    contextTokens,
    targetBlocks,
    targetTokens,
    tokens: tokenCount(model),
    patchValues: patchValues(model),
    encoder: { width: encoder.width, depth: encoder.depth, heads: encoder.heads },
    predictor: { width: predictor.width, depth: predictor.depth, heads: predictor.heads },
  };
}

/** With torch, as far as there is one. */
export const python = (): string => process.env['PYTHON'] ?? 'python3';

/** Throws why there is none: no such Python, no torch, no card that it sees. */
export const startTorch = async (config: TrainConfig, device: TorchPlace): ReturnType<typeof Peer.start> =>
  Peer.start(python(), [script, JSON.stringify(sizesFor(config, device))]);

/** A step that was timed. */
export interface TimedStep {
  /** Who made it. */
  readonly name: string;
  /** Name of its sizes. */
  readonly of: string;
  readonly precision: Precision;
  readonly onCard: boolean;
  readonly seconds: number;
}

const title = ({ name, of, precision }: Pick<TimedStep, 'name' | 'of' | 'precision'>): string =>
  `${name}: ${of}${precision === 'float32' ? '' : ` in ${precision}`}`;

/** Each of our steps beside the fastest of theirs of the same sizes, precision and kind of place. */
export const besideTorch = (ours: readonly TimedStep[], theirs: readonly TimedStep[]): readonly Row[] =>
  ours.flatMap((step) => {
    const same = theirs.filter(({ of, precision, onCard }) => of === step.of && precision === step.precision && onCard === step.onCard);
    if (same.length === 0) return [];
    const best = same.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    const ratio = best.seconds / step.seconds;
    return [{ name: `${title(step)}, speed over ${best.name}`, value: `${ratio.toFixed(2)} ×`, goal: '≥ 1.0', figure: ratio }];
  });

const commands = [
  ['step', 'float32', ''],
  ['step-bfloat16', 'bfloat16', ''],
  ['compiled', 'float32', ' compiled'],
  ['compiled-bfloat16', 'bfloat16', ' compiled'],
] as const;

const wordsOf = (error: unknown): string => `skipped: ${error instanceof Error ? error.message : String(error)}`;

export interface TorchRounds {
  readonly rounds: number;
  /** Whether torch.compile is measured too: compiling takes minutes. */
  readonly compiled: boolean;
}

/** Steps of one configuration in float32 and autocast to bfloat16, eager and compiled, in turns; what cannot be made says why. */
async function stepsOf(
  [of, config]: readonly [string, TrainConfig],
  device: TorchPlace,
  { rounds, compiled }: TorchRounds,
): Promise<{ readonly steps: readonly TimedStep[]; readonly rows: readonly Row[] }> {
  const { peer, version } = await startTorch(config, device);
  const rows: Row[] = [];
  const turns: Turn[] = [];
  const told = new Map<string, Omit<TimedStep, 'seconds'>>();
  try {
    for (const [command, precision, how] of commands) {
      if (how !== '' && !compiled) continue;
      const step = { name: `PyTorch ${version}${how} on ${placeNames[device]}`, of, precision, onCard: device === 'cuda' };
      try {
        if (how !== '') await peer.ask(command);
        told.set(title(step), step);
        turns.push([title(step), peer, command]);
      } catch (error) {
        rows.push({ name: title(step), value: wordsOf(error) });
      }
    }
    const answers = await alternate(turns, rounds);
    const steps = [...told].map(([name, step]) => ({ ...step, seconds: median(answers[name]!.map(({ seconds }) => seconds)) }));
    const timed = steps.map((step) => ({
      name: title(step),
      value: `${step.seconds.toPrecision(3)} s a step, ${(config.batchSize / step.seconds).toPrecision(3)} images/s`,
      figure: step.seconds,
    }));
    return { steps, rows: [...timed, ...rows] };
  } finally {
    peer.dispose();
  }
}

const placeNames: Readonly<Record<TorchPlace, string>> = { cpu: 'the processor', cuda: 'CUDA' };

/** PyTorch's steps on its card, where it sees one, and on the processor, and ours beside them; each row is told when it is found, too. */
export async function torchRows(
  sizes: (onCard: boolean) => readonly (readonly [string, TrainConfig])[],
  ours: readonly TimedStep[],
  options: TorchRounds,
  tell: Tell = () => {},
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const add: Tell = (found) => {
    rows.push(...found);
    tell(found);
  };
  const theirs: TimedStep[] = [];
  for (const device of ['cuda', 'cpu'] as const) {
    for (const size of sizes(device === 'cuda')) {
      try {
        const found = await stepsOf(size, device, options);
        theirs.push(...found.steps);
        add(found.rows);
      } catch (error) {
        add([{ name: `PyTorch on ${placeNames[device]}: ${size[0]}`, value: wordsOf(error) }]);
        // No Python, no torch or no card: none for other sizes.
        if (!theirs.some(({ onCard }) => onCard === (device === 'cuda'))) break;
      }
    }
  }
  add(besideTorch(ours, theirs));
  return rows;
}
