// The fake engine's runs: one in every state, and one that trains while it is looked at.
import { defaultConfig } from '../../shared/config/config.ts';
import type { ImportedWeights } from '../../shared/config/origin.ts';
import type { Baselines, Judgement, RunDetails, RunEvent, RunNote, RunSummary, runChannels } from '../../shared/contract/contract-runs.ts';
import { metricNames } from '../../shared/contract/metric-names.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { AppError } from '../../shared/errors.ts';
import { moveRun } from '../../shared/run-state.ts';
import type { RunState } from '../../shared/run-state.ts';
import { sourcesOfAll } from './fake-explore.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { folderName, folderPath } from './fake-library.ts';
import { fakePlan, sizes } from './fake-plan.ts';
import { refuseOthers, refuseWhileRead } from './fake-refusals.ts';
import { curveOf, summary, unreadable } from './fake-run-list.ts';
import { nearest } from './fake-search.ts';
import { syntheticReport } from './synthetic-report.ts';
import { baselines, evaluationsOf, formerly, metricsAt, pinnedNeighbours, secondsPerStep, seriesOf } from './synthetic-run.ts';

const tickMilliseconds = 200;
/** The list of runs is told of a step once a second. */
const ticksPerList = 5;

/** How the run trains that trains when the page is opened. */
export interface Pace {
  /** Five unless said otherwise: quicker than a real run, so that the charts can be seen to move. */
  readonly stepsPerSecond?: number;
  /** Steps of the whole run. */
  readonly steps?: number;
}

const authors: ImportedWeights = {
  encoders: 'both',
  predictor: true,
  notes: ['The target encoder embeds, as in the paper.', 'Images are normalised by ImageNet’s statistics, as in the published training.'],
};
/** The run that began with them, and what they reached by themselves. */
const continued = 'patch-8';
const begunWith = evaluationsOf({ steps: 1, seed: 91, best: 0.44 }, 1).at(-1)!;

/** Runs that other images or labels judge since a step: in one of them no evaluation has come since. */
const rejudged: Readonly<Record<string, number>> = { 'small-trial': 500, [continued]: 1800 };
const judgementsUntil = (since: number | undefined, now: Baselines | undefined): Judgement[] =>
  since === undefined
    ? [{ since: 0, baselines: now }]
    : [
        { since: 0, baselines: now && formerly(now) },
        { since, baselines: now },
      ];
const rejudgedNote = (step: number): RunNote => ({
  step,
  message: 'From this step on, the run is evaluated on other images or labels than before.',
  hint: 'The baselines are evaluated again, and the best checkpoint is chosen among later evaluations: earlier ones are not comparable.',
});

const trainedOn = 'WebGPU, the fastest for this run (a step: WebGPU 0.21 s, Processor 1.1 s).';

export function fakeRuns(
  start: readonly RunSummary[],
  jobs: FakeJobs,
  { stepsPerSecond = 1000 / tickMilliseconds, steps: stepsOfAll }: Pace = {},
): Handlers<typeof runChannels> {
  let runs = start.map((run) => (run.state === 'training' ? { ...run, steps: stepsOfAll ?? run.steps } : run));
  const watchers = new Set<(runs: readonly RunSummary[]) => void>();
  const listeners = new Map<string, Set<(event: RunEvent) => void>>();
  const jobOf = new Map<string, number>();
  const pins = new Map<string, readonly number[]>();
  const usables = new Map<string, boolean>();

  const require = (name: string): RunSummary => {
    const run = runs.find((one) => one.name === name);
    if (!run) throw new AppError('not-found', `There is no run '${name}'.`, 'It may have been deleted.');
    return run;
  };
  const told = (): void => {
    for (const watcher of watchers) watcher(runs);
  };
  const change = (name: string, changed: Partial<RunSummary>, tell = true): void => {
    runs = runs.map((one) => (one.name === name ? { ...one, ...changed } : one));
    if (tell) told();
  };
  const emit = (name: string, event: RunEvent): void => {
    for (const listener of listeners.get(name) ?? []) listener(event);
  };
  const move = (name: string, state: RunState): void => {
    change(name, { state: moveRun(require(name).state, state) });
    emit(name, { type: 'state', state });
  };

  const train = (name: string): number => {
    const { step, steps, folderId } = require(name);
    const job = jobs.start({
      kind: 'train',
      subject: name,
      unit: 'steps',
      total: steps,
      start: step,
      rate: stepsPerSecond,
      detail: 'Training',
      result: 'Trained.',
      run: name,
      ...(folderId !== undefined && { folder: folderId }),
      onEnd: (state) => {
        const run = runs.find((one) => one.name === name);
        if (state === 'cancelled' && run && (run.state === 'training' || run.state === 'paused')) move(name, 'stopped');
      },
    });
    jobOf.set(name, job);
    return job;
  };

  /** One step of a run, told as the engine tells it. */
  const advance = (run: RunSummary): void => {
    const step = run.step + 1;
    const curve = curveOf(run);
    change(run.name, { step, ...(step % 500 === 0 && { checkpoints: [step - 500, step] }) }, false);
    emit(run.name, {
      type: 'step',
      metrics: metricsAt(curve, step),
      elapsedSeconds: step * secondsPerStep,
      secondsLeft: (run.steps - step) * secondsPerStep,
      memoryBytes: 2.94 * 2 ** 30,
    });
    if (step % (curve.steps / 20) === 0)
      emit(run.name, { type: 'event', event: { type: 'evaluation', best: true, ...evaluationsOf(curve, step).at(-1)! } });
    if (step >= run.steps) {
      move(run.name, 'done');
      jobs.end(jobOf.get(run.name) ?? 0, 'done');
    }
  };
  const training = (): readonly RunSummary[] => runs.filter(({ state }) => state === 'training');
  let ticks = 0;
  setInterval(() => {
    for (let i = 0; i < (stepsPerSecond * tickMilliseconds) / 1000; i++) for (const run of training()) advance(run);
    if (++ticks % ticksPerList === 0 && training().length > 0) told();
  }, tickMilliseconds);
  for (const run of runs.filter(({ state }) => state === 'training')) train(run.name);
  for (const { name, steps } of runs.filter(({ state }) => state === 'waiting'))
    jobs.add({
      kind: 'train',
      subject: name,
      run: name,
      queue: 'trainer',
      state: 'waiting',
      progress: { done: 0, total: steps, unit: 'steps', rate: 0 },
      detail: '',
      startedAt: Date.now(),
    });

  return {
    'runs.list': () => runs,
    'runs.watch': (_input, { signal, emit: send }) => {
      watchers.add(send);
      send(runs);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          watchers.delete(send);
          resolve();
        });
      });
    },
    'runs.details': ({ run: name }): RunDetails => {
      const run = require(name);
      if (!run.created) throw unreadable;
      const evaluated = run.step > 500;
      const own = { ...baselines, ...(name === continued && { origin: begunWith }) };
      const since = rejudged[name];
      return {
        summary: run,
        config: { ...defaultConfig, steps: run.steps, ...(name === 'too-large' && { device: 'webgpu' as const }) },
        threads: 8,
        trainedOn,
        usable: usables.get(name),
        program: '0.1.0',
        path: `/home/ada/.ijepa-studio/runs/${name}`,
        sizes: run.step > 0 ? sizes : undefined,
        weights: run.imported ? authors : undefined,
        origin: name === continued ? { run: 'vit-h-14-authors', step: 0, imported: true, weights: authors } : undefined,
        baselines: evaluated ? own : undefined,
        judged: run.step > 0 ? true : undefined,
        judgedSince: since,
        judgements: judgementsUntil(since, evaluated ? own : undefined),
        evaluations: evaluated ? evaluationsOf(curveOf(run), run.step) : [],
        notes:
          since !== undefined && name === continued
            ? [rejudgedNote(since)]
            : name === 'small-trial'
              ? [
                  rejudgedNote(since!),
                  {
                    step: 600,
                    message: 'Position explains most of the targets (81 % of their variance); the image hardly matters.',
                    hint: 'Start again with more agreement of crops, which does not depend on position, or with larger targets.',
                  },
                ]
              : run.step > 4000
                ? [
                    {
                      step: 4000,
                      message: 'The quality has not risen in the last four evaluations by more than chance (±3.1 points with 500 queries).',
                      hint: 'The best checkpoint is kept: stopping here loses nothing that was measured. A slower rise would not show yet, and the end of a run, where the learning rate falls, may still add a little.',
                      ...(run.state === 'done' && { overSince: run.steps, ended: true as const }),
                    },
                  ]
                : [],
        pinned: pins.get(name) ?? [3, 14, 15, 92, 65, 35, 89, 79],
        pinnedByHand: pins.has(name),
      };
    },
    'runs.plan': ({ settings }) => fakePlan(settings),
    'runs.trial': async ({ settings }, { signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      signal.throwIfAborted();
      const { steps } = fakePlan(settings);
      return {
        secondsPerStep,
        secondsTotal: steps * secondsPerStep,
        peakBytes: 3.2 * 2 ** 30,
        memoryFree: 18.7 * 2 ** 30,
        device: trainedOn,
      };
    },
    'runs.start': ({ settings, name, note, folder, usable }) => {
      refuseWhileRead(jobs, { id: folder, name: folderName(folder) });
      const run = name ?? `stained-cells-${runs.length}`;
      if (runs.some((one) => one.name === run)) throw new AppError('bad-input', `There is a run '${run}' already.`, 'Choose another name.');
      runs = [
        summary(run, 'training', 0, fakePlan(settings).steps, {
          created: new Date().toISOString(),
          note: note ?? '',
          folder: folderPath(folder),
          folderId: folder,
          bytes: 0,
        }),
        ...runs,
      ];
      usables.set(run, usable);
      told();
      return { run, job: train(run) };
    },
    'runs.resume': ({ run, usable }) => {
      usables.set(run, usable);
      move(run, 'waiting');
      move(run, 'preparing');
      move(run, 'training');
      return { job: train(run) };
    },
    'runs.control': ({ run, action }) => {
      move(run, action === 'pause' ? 'paused' : action === 'continue' ? 'training' : 'stopped');
      if (action === 'stop' || action === 'discard') jobs.end(jobOf.get(run) ?? 0, 'cancelled');
    },
    'runs.note': ({ run, note }) => change(run, { note }),
    'runs.rename': ({ run, name }) => change(run, { name }),
    'runs.delete': ({ run }) => {
      const { bytes } = require(run);
      runs = runs.filter((one) => one.name !== run);
      told();
      return { freed: bytes };
    },
    'runs.events': ({ run }, { signal, emit: send }) => {
      const own = listeners.get(run) ?? new Set();
      listeners.set(run, own.add(send));
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          own.delete(send);
          resolve();
        });
      });
    },
    'runs.series': ({ run: name, ...range }) => {
      const run = require(name);
      return {
        last: run.step,
        series: seriesOf(curveOf(run), run.step, { ...range, metrics: metricNames.filter((one) => range.metrics.includes(one)) }),
      };
    },
    'runs.pin': ({ run, images }) => {
      refuseOthers(require(run), images);
      void (images.length > 0 ? pins.set(run, images) : pins.delete(run));
    },
    'runs.pinned': ({ run: name }) => {
      const run = require(name);
      const near = (image: number): readonly { image: number; score: number }[] =>
        nearest({ source: sourcesOfAll[1]!, space: 'whitened', plus: [{ image }], minus: [], k: 6, minScore: -1, hideAbove: undefined })
          .neighbours;
      return pinnedNeighbours(curveOf(run), run.step, pins.get(name) ?? [3, 14, 15, 92, 65, 35, 89, 79], near);
    },
    'runs.evaluate': ({ run }) => ({
      job: jobs.start({
        kind: 'evaluate',
        subject: run,
        unit: 'images',
        total: 12_000,
        rate: 2500,
        detail: 'Computing vectors',
        result: 'Better than raw pixels.',
        run,
      }),
    }),
    'runs.reports': ({ run }) =>
      run === 'stained-cells-1'
        ? // In a folder with few images of a test split both ask the same ones, and say the same.
          (['reporting', 'choosing'] as const).map((purpose) => ({
            step: 12_000,
            purpose,
            folder: undefined,
            headline:
              'Neighbours agree with your folders 59 % (raw pixels 40 %, untrained network 25 %; 2,000 queries). 19.1 points above raw pixels: more than chance would explain with 2,000 queries (±3.1 points). All in the whitened space, which search uses by default.',
            ...syntheticReport,
          }))
        : [],
  };
}
