// One recipe, one seed, one folder, one budget: trained through the program's own loop, stopped and resumed like any run.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configTable } from '../../shared/config/config-table.ts';
import type { ConfigKey, TrainConfig } from '../../shared/config/config-table.ts';
import { cropsPerImage, parseConfig } from '../../shared/config/config.ts';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { scanFolder, decodingFor } from '../../src-main/engine/folders/scan-folder.ts';
import { createRun, planRun } from '../../src-main/engine/runs/runs.ts';
import { Studio } from '../../src-main/engine/studio.ts';
import { threadsOf } from '../../src-main/engine/threads.ts';
import { writeFileAside } from '../../src-main/files/write-aside.ts';
import { cachedShortSide } from '../../src-main/images/cache-space.ts';
import { patchValues, tokenCount } from '../../src-main/jepa/model.ts';
import { trainingBatches } from '../../src-main/trainer/run-data.ts';
import { phasesOf } from '../../src-main/training/plan/phases.ts';
import { RunControl } from '../../src-main/training/run-control.ts';
import { resumeState } from '../../src-main/training/run-folder/resume.ts';
import { readRecord, listCheckpoints, RunFolder } from '../../src-main/training/run-folder/run-folder.ts';
import { initialState } from '../../src-main/training/run-folder/state.ts';
import { StepRunner } from '../../src-main/training/step-runner.ts';
import { train } from '../../src-main/training/train.ts';
import { BareRate, Budget, stepsFor } from './budget.ts';
import type { PhaseTrials, Spent, TimedStep } from './budget.ts';

/** Operations, or updates. */
export type Length = { readonly budget: number } | { readonly steps: number };

export interface Trial {
  readonly recipe: string;
  readonly settings: Partial<TrainConfig>;
  /** The folder of images, laid out. */
  readonly root: string;
  readonly length: Length;
  readonly seed: number;
  readonly threads: number;
  /** The code that trains; a run that an earlier bench began keeps its own. */
  readonly commit: string;
}

export interface Trained {
  readonly run: string;
  readonly checkpoint: string;
  readonly commit: string;
  readonly steps: number;
  readonly crops: number;
  readonly spent: Spent;
}

/** Scans what is not scanned yet, and hands out the engine for looking only, so that two benches work side by side. */
export async function openStudio(home: string, root: string): Promise<Studio> {
  const known = (): boolean => {
    const looking = new Studio({ home, readOnly: true });
    try {
      return looking.images(root).length > 0;
    } finally {
      void looking.dispose();
    }
  };
  let scanned = false;
  try {
    scanned = existsSync(home) && known();
  } catch {
    // Not scanned, or not to its end.
  }
  if (!scanned) {
    const writing = new Studio({ home });
    for await (const event of scanFolder(writing, root, decodingFor(parseConfig({ imageSize: 32, patchSize: 4 })))) void event;
    await writing.dispose();
  }
  return new Studio({ home, readOnly: true });
}

const warmUp = 2;
/** Steps of a throwaway run: its phases take the shares that those of any run do. */
const throwaway = 1000;
/** Steps and seconds that the cost of a step of a phase is told from, whichever takes longer. */
const [timedSteps, timedSeconds] = [6, 5];

/** Steps for a budget, from a few steps of a throwaway state. */
async function measureSteps(config: TrainConfig, rate: BareRate, threads: number, budget: number): Promise<number> {
  const runner = await StepRunner.create(config, throwaway, { threads });
  const state = initialState(config);
  const phases: PhaseTrials[] = [];
  try {
    for (const { from, until, size } of phasesOf(config, throwaway)) {
      const values = size.batch * tokenCount(size.model) * patchValues(size.model);
      const patches = new Float32Array(new SharedArrayBuffer(4 * values));
      for (let i = 0; i < values; i++) patches[i] = Math.sin(i * 12.9898);
      const trials: TimedStep[] = [];
      const step = async (): Promise<void> => {
        state.step = from;
        await runner.run(state, patches);
      };
      for (let i = 0; i < warmUp; i++) await step();
      for (let [steps, spent] = [0, 0]; steps < timedSteps || spent < timedSeconds;) {
        const before = await rate.measure();
        const began = performance.now();
        let [seconds, count] = [0, 0];
        for (; seconds < timedSeconds / 10; seconds = (performance.now() - began) / 1000, count++) await step();
        trials.push({ seconds: seconds / count, rate: (before + (await rate.measure())) / 2 });
        steps += count;
        spent += seconds;
      }
      phases.push({ share: (until - from) / throwaway, trials });
    }
  } finally {
    await runner.dispose();
  }
  return stepsFor(budget, phases);
}

const commitFile = (run: string): string => join(run, 'commit.txt');
const spentFile = (run: string): string => join(run, 'spent.json');
const nothing: Spent = { operations: 0, seconds: 0 };

const readSpent = (run: string): Record<string, Spent> =>
  existsSync(spentFile(run)) ? (JSON.parse(readFileSync(spentFile(run), 'utf8')) as Record<string, Spent>) : {};

/**
 * What had been spent when a step was in its checkpoint; steps after it are done again and count again. Where the bench was killed between
 * the checkpoint and its note, as much for each step as those before it took.
 */
export function spentAt(run: string, step: number): Spent {
  if (step === 0) return nothing;
  const known = readSpent(run);
  if (known[step]) return known[step];
  const last = Math.max(
    ...Object.keys(known)
      .map(Number)
      .filter((one) => one < step),
  );
  if (!known[last]) throw new Error(`What ${run} has cost until step ${step} is not known: remove the run.`);
  const { operations, seconds } = known[last];
  return { operations: (operations * step) / last, seconds: (seconds * step) / last };
}

function keepSpent(run: string, step: number, spent: Spent): void {
  writeFileAside(spentFile(run), JSON.stringify({ ...readSpent(run), [step]: spent }));
}

/** Trains to the end of the budget, from where an earlier bench stopped; undefined when it was told to stop before. */
export async function runTrial(
  studio: Studio,
  trial: Trial,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Trained | undefined> {
  const { recipe, root, length, seed, commit } = trial;
  const threads = threadsOf(trial.threads);
  const given = { ...trial.settings, seed, threads, evaluateImages: 0, checkpointMinutes: 3 };
  const { config: planned } = planRun(studio, root, { ...given, steps: 1 });
  const long = 'budget' in length ? String(length.budget / 1e15) : `${length.steps}-steps`;
  const name = `${recipe}-${root.split('/').at(-1)!}-${long}-${settingsHash(planned)}-seed${seed}`;
  let run = join(studio.home.runs, name);
  const exists = existsSync(join(run, 'config.json'));
  // A run keeps the threads that it was begun with, and its bound is theirs.
  const rate = await BareRate.create(exists ? threadsOf(readRecord(run).config.threads) : threads);
  try {
    if (!exists) {
      const steps = 'steps' in length ? length.steps : await measureSteps(planned, rate, threads, length.budget);
      run = await createRun(studio, root, planRun(studio, root, { ...given, steps }), name);
    }
    if (!existsSync(commitFile(run))) writeFileAside(commitFile(run), commit);
    const { steps, config } = readRecord(run);
    say(`${name}: ${steps} steps of ${cropsPerImage(config) * config.batchSize} crops`);
    return await goOn(studio, run, rate, signal, say);
  } finally {
    await rate.dispose();
  }
}

async function goOn(
  studio: Studio,
  run: string,
  rate: BareRate,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Trained | undefined> {
  const folder = RunFolder.open(run);
  const control = new RunControl();
  const stop = (): void => control.stop();
  signal.addEventListener('abort', stop);
  const { config, steps } = folder.record;
  const { all } = await studio.readImages(folder.record.folder);
  const hashes = all.filter(({ split }) => split === undefined || split === 'train').map(({ hash }) => hash);
  const cache = studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize));
  const batches = trainingBatches(config, steps, { cache, hashes });
  try {
    const state = resumeState(folder);
    const budget = await Budget.begin(async () => rate.measure(), spentAt(run, state.step));
    if (signal.aborted) return undefined;
    let resumed = performance.now();
    let loss = 0;
    for await (const event of train({ folder, state, batches, device: 'cpu', control })) {
      await budget.add((performance.now() - resumed) / 1000);
      if (event.type === 'step') {
        loss += (event.loss - loss) / Math.min(100, event.step);
        if (event.step % Math.ceil(steps / 10) === 0)
          say(`  step ${event.step}/${steps}, loss ${loss.toFixed(3)}, ${event.imagesPerSecond.toFixed(0)} images/s`);
      } else if (event.type === 'checkpoint') keepSpent(run, event.step, await budget.settle());
      resumed = performance.now();
    }
    if (state.step < steps) return undefined;
    return {
      run,
      checkpoint: listCheckpoints(run).at(-1)!.file,
      commit: readFileSync(commitFile(run), 'utf8'),
      steps,
      crops: steps * config.batchSize * cropsPerImage(config),
      spent: await budget.settle(),
    };
  } finally {
    signal.removeEventListener('abort', stop);
    await batches.dispose();
    folder.dispose();
  }
}

/**
 * Tells settings apart in names and in the table: a few letters of a hash over all but seed, length and threads. What is as it is by
 * default does not count, so that a setting that is added to the program leaves the names of earlier runs as they were.
 */
export function settingsHash(config: TrainConfig): string {
  const { seed: _seed, steps: _steps, epochs: _epochs, threads: _threads, ...rest } = config;
  let hash = 0xcbf29ce484222325n;
  const changed = Object.entries(rest).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(configTable[key as ConfigKey].default),
  );
  for (const letter of JSON.stringify(changed.sort(([a], [b]) => (a < b ? -1 : 1))))
    hash = BigInt.asUintN(64, (hash ^ BigInt(letter.codePointAt(0)!)) * 0x100000001b3n);
  return hash.toString(36).slice(0, 6);
}
