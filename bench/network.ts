// The training step and the embedding beside a bare matrix product and other programs, all taking turns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelSize } from '../src-main/jepa/model.ts';
import { alternate, Peer } from './peer.ts';
import type { Answer, Turn } from './peer.ts';
import { writeStandardEncoder } from './peers/standard-encoder.ts';
import type { Row } from './row.ts';
import { benchConfig, median, shape, suggestedConfig, suggestedCrops } from './shape.ts';
import { python, startTorch } from './torch.ts';

export interface NetworkOptions {
  readonly threads: number;
  readonly microBatch: number;
  readonly rounds: number;
  /** Whether torch.compile is measured too: compiling takes minutes. */
  readonly compiled: boolean;
}

const fileOf = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const productOperations = 20 * 2 * 1024 ** 3;
const embeddedPerCall = 4;

/** What is measured: ViT-S/16, and the step suggested for small pictures while their crops are small and once they are whole. */
export type Part = 'step' | 'small' | 'suggested' | 'embed';

interface Measured {
  readonly answers: Answers;
  /** What our program told of its step. */
  readonly created: Answer;
  /** Programs that could not be measured, and why. */
  readonly absent: readonly Row[];
}

export async function benchNetwork(part: Part, options: NetworkOptions): Promise<readonly Row[]> {
  return rowsOf(part, await measure(part, options), options);
}

/** The suggested step with both sizes of its crops, and what follows for a run that has its share of each. */
export async function benchSuggested(options: NetworkOptions): Promise<readonly Row[]> {
  const small = await measure('small', options);
  const whole = await measure('suggested', options);
  return [...rowsOf('small', small, options), ...rowsOf('suggested', whole, options), ...wholeRuns(small.answers, whole.answers, options)];
}

async function measure(part: Part, options: NetworkOptions): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const started: Peer[] = [];
  const absent: Row[] = [];
  const attempt = async (
    name: string,
    start: () => Promise<{ peer: Peer; version: string }>,
  ): Promise<{ peer: Peer; version: string } | undefined> => {
    try {
      const found = await start();
      started.push(found.peer);
      return found;
    } catch (error) {
      absent.push({ name: `${part} against ${name}`, value: `skipped: ${error instanceof Error ? error.message : String(error)}` });
      return undefined;
    }
  };
  try {
    const numbers = [options.threads, options.microBatch].map(String);
    const crops = part === 'small' || part === 'suggested' ? suggestedCrops[part] : undefined;
    const command = part === 'embed' ? part : 'step';
    const given = crops ? [String(options.threads), '0', 'cpu', part] : numbers;
    const { peer: ours } = await Peer.start(process.execPath, ['--disable-warning=ExperimentalWarning', fileOf('ours.ts'), ...given]);
    started.push(ours);
    const created = await ours.ask('create');
    const turns: Turn[] = [
      ['matmul', ours, 'matmul'],
      ['ours', ours, command],
    ];
    const torch = await attempt('PyTorch', async () =>
      crops
        ? Peer.start(python(), [fileOf('pytorch-suggested.py'), String(options.threads), String(crops.side)])
        : startTorch(benchConfig(options.microBatch, options.threads), 'cpu'),
    );
    if (torch) {
      turns.push([`PyTorch ${torch.version}`, torch.peer, command]);
      if (part !== 'embed' && options.compiled) {
        const works = await torch.peer.ask('compiled').then(
          () => undefined,
          (error: unknown) => String(error),
        );
        if (works === undefined) turns.push(['torch.compile', torch.peer, 'compiled']);
        else absent.push({ name: `${part} against torch.compile`, value: `skipped: ${works}` });
      }
    }
    if (part === 'step') {
      const other = await attempt('TensorFlow', async () => startTensorflow(numbers));
      if (other) turns.push(['TensorFlow', other.peer, 'step']);
    }
    if (part === 'embed') {
      const other = await attempt('transformers.js', async () => startTransformers(folder, options.threads));
      if (other) turns.push([`transformers.js ${other.version}`, other.peer, 'embed']);
    }
    return { answers: await alternate(turns, options.rounds), created, absent };
  } finally {
    for (const peer of started) peer.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(part: Part, { answers, created, absent }: Measured, options: NetworkOptions): readonly Row[] {
  return [
    ...(part === 'embed' ? embedRows(answers, options) : stepRows(answers, created, part, options)),
    ...ratios(part, answers, options),
    ...absent,
  ];
}

/** This program's own lowering for TensorFlow, on the processor where no card is. */
async function startTensorflow(numbers: readonly string[]): Promise<{ peer: Peer; version: string }> {
  const found = await Peer.start(process.execPath, ['--disable-warning=ExperimentalWarning', fileOf('ours.ts'), ...numbers, 'tensorflow']);
  try {
    await found.peer.ask('create');
    return found;
  } catch (error) {
    found.peer.dispose();
    throw error;
  }
}

async function startTransformers(folder: string, threads: number): Promise<{ peer: Peer; version: string }> {
  const modules = process.env['TRANSFORMERS_JS'];
  if (modules === undefined) throw new Error('TRANSFORMERS_JS names no node_modules folder');
  const model = join(folder, 'standard-encoder');
  const size = modelSize(benchConfig(1, threads));
  writeStandardEncoder(size, embeddedPerCall, model);
  const numbers = [threads, embeddedPerCall, shape.batch, size.grid * size.patchSize].map(String);
  return Peer.start(process.execPath, [fileOf('transformers-js.mjs'), modules, model, ...numbers]);
}

type Answers = Readonly<Record<string, readonly Answer[]>>;
/** What is compared: with one thread its processor time, else the clock. */
const timeOf = (answer: Answer, { threads }: NetworkOptions): number => (threads === 1 ? answer.cpu : answer.seconds);
const times = (answers: readonly Answer[], options: NetworkOptions): number[] => answers.map((answer) => timeOf(answer, options));

const titles = (
  options: NetworkOptions,
): Readonly<Record<'step' | 'small' | 'suggested', readonly [title: string, images: number, of: string]>> => ({
  step: [`ViT-S/16, batch ${shape.batch}, passes of ${options.microBatch}`, shape.batch, 'images'],
  small: suggestedTitle('small'),
  suggested: suggestedTitle('suggested'),
});
const suggestedTitle = (part: keyof typeof suggestedCrops): readonly [string, number, string] => {
  const { count, side, what } = suggestedCrops[part];
  return [`${count} crops of ${side} px as suggested, ${what}`, count, 'crops'];
};

function stepRows(answers: Answers, created: Answer, part: Exclude<Part, 'embed'>, options: NetworkOptions): Row[] {
  const steps = answers['ours']!;
  const product = answers['matmul']!;
  const operations = created['operations']!;
  const seconds = median(times(steps, options));
  const rate = operations / seconds / 1e9;
  const shares = steps.map((answer, i) => operations / timeOf(answer, options) / (productOperations / timeOf(product[i]!, options)));
  const outside = steps.map((answer) => 1 - answer['insideSeconds']! / answer.seconds);
  const [title, images, of] = titles(options)[part];
  return [
    {
      name: 'bare 1024³ matmul of onnxruntime',
      value: `${(productOperations / median(times(product, options)) / 1e9).toFixed(0)} GFLOP/s`,
    },
    {
      name: `step: ${title}`,
      value: `${seconds.toPrecision(3)} s, ${(images / seconds).toFixed(1)} ${of}/s, ${(operations / 1e9).toPrecision(3)} GFLOP, ${rate.toFixed(0)} GFLOP/s`,
      figure: seconds,
    },
    {
      name: 'step as a share of the bare matmul',
      value: `${(100 * median(shares)).toFixed(0)} %`,
      ...(part === 'step' && { goal: '≥ 85 %' }),
      figure: median(shares),
    },
    { name: 'step: peak memory of the process', value: `${(steps.at(-1)!.peakMebibytes / 1024).toFixed(2)} GiB`, goal: '≤ 2.0' },
    { name: 'step: results copied by the runtime', value: `${(created['copiedBytes']! / 1e6).toFixed(0)} MB` },
    {
      name: 'step: time outside of run (update, masks; on several cores waiting for them)',
      value: `${(100 * median(outside)).toFixed(1)} %`,
    },
    { name: 'step: compiling', value: `${created.seconds.toFixed(1)} s` },
  ];
}

function embedRows(answers: Answers, options: NetworkOptions): Row[] {
  const seconds = median(times(answers['ours']!, options));
  return [{ name: 'embedding: ViT-S/16', value: `${(shape.batch / seconds).toFixed(1)} images/s`, figure: shape.batch / seconds }];
}

const isOther = (name: string): boolean => name !== 'ours' && name !== 'matmul';

function ratios(part: Part, answers: Answers, options: NetworkOptions): Row[] {
  const ours = times(answers['ours']!, options);
  return Object.entries(answers)
    .filter(([name]) => isOther(name))
    .map(([name, theirs]) => {
      const ratio = median(times(theirs, options).map((time, i) => time / ours[i]!));
      const goal = part !== 'embed' ? '≥ 1.0' : name.startsWith('PyTorch') ? '≥ 1.1' : '≥ 1.2';
      const memory = part !== 'embed' ? `, its peak ${(theirs.at(-1)!.peakMebibytes / 1024).toFixed(2)} GiB` : '';
      return { name: `${part}: speed over ${name}`, value: `${ratio.toFixed(2)} ×${memory}`, goal, figure: ratio };
    });
}

/** Of the steps of a run as suggested, whose share of small ones takes the median of those, the others that of whole ones. */
function wholeRuns(small: Answers, whole: Answers, options: NetworkOptions): Row[] {
  const share = suggestedConfig('small', options.threads).smallFirst;
  const step = (name: string): number => share * median(times(small[name]!, options)) + (1 - share) * median(times(whole[name]!, options));
  return Object.keys(small)
    .filter((name) => isOther(name) && name in whole)
    .map((name) => {
      const ratio = step(name) / step('ours');
      const title = `steps of a suggested run (${(100 * share).toFixed(0)} % small): speed over ${name}`;
      return { name: title, value: `${ratio.toFixed(2)} ×`, goal: '≥ 1.0', figure: ratio };
    });
}
