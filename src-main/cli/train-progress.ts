// Shows a run while it trains; used by `train` and `demo`.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { assertNever } from '../../shared/errors.ts';
import { runShare } from '../../shared/run-progress.ts';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import { isBrokenCard, isCardFault } from '../engine/devices/candidates.ts';
import type { ChosenDevice } from '../engine/devices/chosen-device.ts';
import { feedOf } from '../engine/runs/feed.ts';
import { Kills } from '../engine/runs/kills.ts';
import { CardFull, recordOf, trainRun, wasKilled, workOfRun } from '../engine/runs/runs.ts';
import type { Studio } from '../engine/studio.ts';
import { inFlags } from './config-flags.ts';
import { interruptible } from './interrupt.ts';
import { count, duration } from './output.ts';
import type { Output } from './output.ts';
import { patchesText } from './plan-text.ts';

const percent = (value: number | undefined): string => (value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);

function scoreText({ whitened }: Pick<OnlineEvaluation, 'whitened'>): string {
  return whitened.knn !== undefined ? `20-NN ${percent(whitened.knn)}` : `crop retrieval ${percent(whitened.retrieval)}`;
}

/** What else an evaluation measured; earlier versions and some runs do not have all of it. */
const figuresText = ({ rankMe, lidar, meanCosine, alpha, positionalShare, predictionMargin }: OnlineEvaluation): string =>
  [
    `RankMe ${rankMe.toFixed(1)}`,
    ...(lidar === undefined ? [] : [`LiDAR ${lidar.toFixed(1)}`]),
    `mean cosine ${meanCosine.toFixed(3)}`,
    ...(alpha === undefined ? [] : [`spectrum α ${alpha.toFixed(1)}`]),
    `position explains ${percent(positionalShare)}`,
    ...(predictionMargin === undefined ? [] : [`prediction margin ${predictionMargin.toFixed(3)}`]),
  ].join(', ');

/** Steps before a time left is shown: the first ones are slower. */
const warmupSteps = 5;

/** What there was before the first step: of a run that begins with weights, what those are worth comes first. */
export function baselinesText({ untrained, pixels, origin }: Extract<TrainEvent, { type: 'baselines' }>): string {
  const beside = `untrained network ${scoreText(untrained)}, raw pixels ${scoreText({ whitened: pixels.whitened })}`;
  return origin
    ? `Before training (whitened): the weights it began with ${scoreText(origin)}; beside them ${beside}.`
    : `Before training (whitened): ${beside}.`;
}

/** Turns events into lines. */
export class TrainProgress {
  readonly #output: Output;
  readonly #config: TrainConfig;
  readonly #work: (step: number) => number;
  #steps = 0;
  #first: { done: number; at: number } | undefined;
  #rate = 0;
  #last = '';
  /** What was noted and is not over, by the name of its rule. */
  readonly #noted = new Map<string, { readonly step: number; readonly message: string }>();

  /** `work`: how much is done at a step, in steps of the run's average size. */
  constructor(output: Output, config: TrainConfig, work: (step: number) => number = (step) => step) {
    this.#output = output;
    this.#config = config;
    this.#work = work;
  }

  #share(step: number): number {
    return runShare(this.#config, this.#steps, step);
  }

  show(event: TrainEvent): void {
    const output = this.#output;
    output.event(event);
    switch (event.type) {
      case 'started': {
        const { sizes, steps, device, deviceReason, microBatchReason, precision, threads } = event;
        this.#steps = steps;
        // It may go on from an earlier step than before.
        for (const [rule, { step }] of this.#noted) if (step > event.step) this.#noted.delete(rule);
        const millions = ((sizes.encoderParameters + sizes.predictorParameters) / 1e6).toFixed(1);
        if (deviceReason !== undefined) output.say(inFlags(`Trains on: ${deviceReason}`));
        if (microBatchReason !== undefined) output.say(`Micro-batch: ${microBatchReason}`);
        output.say(
          `Run ${event.run}: ${count(steps - event.step)} steps on ${device}${precision === undefined || precision === 'float32' ? '' : ` in ${precision}`}${device === 'cpu' ? ` with ${threads} threads` : ''}, ${millions} M parameters, ${patchesText(this.#config, sizes, steps)}.`,
        );
        return;
      }
      case 'baselines':
        output.say(baselinesText(event));
        return;
      case 'step': {
        const done = this.#work(event.step);
        this.#first ??= { done, at: performance.now() };
        const more = done - this.#first.done;
        this.#rate = this.#rate === 0 ? event.imagesPerSecond : 0.9 * this.#rate + 0.1 * event.imagesPerSecond;
        const left =
          more >= warmupSteps ? `, ${duration(((performance.now() - this.#first.at) / 1000 / more) * (this.#steps - done))} left` : '';
        this.#last = `${output.bar(this.#share(event.step))}  step ${count(event.step)}/${count(this.#steps)}  loss ${event.loss.toFixed(4)}  ${count(Math.round(this.#rate))} images/s${left}`;
        output.progress(this.#last);
        return;
      }
      case 'evaluation':
        for (const [rule, { message }] of this.#noted) {
          if (event.healthy?.includes(rule) !== true) continue;
          this.#noted.delete(rule);
          output.say(`Resolved at step ${count(event.step)}: ${message}`);
        }
        output.say(
          `Step ${count(event.step)}: ${scoreText(event)} whitened${event.best ? ' (kept as the best)' : ''}, ${figuresText(event)}.`,
        );
        output.progress(this.#last);
        return;
      case 'note':
        if (event.rule !== undefined) this.#noted.set(event.rule, event);
        output.say(inFlags(`Note: ${event.message} ${event.hint}`));
        return;
      case 'paused':
      case 'resumed':
        output.say(`${event.type === 'paused' ? 'Paused' : 'Going on'} at step ${count(event.step)}.`);
        return;
      case 'finished':
        output.progress(`${event.reason === 'done' ? 'Finished' : 'Stopped'} at step ${count(event.step)}.`, true);
        return;
      case 'checkpoint':
      case 'neighbours':
        return;
      default:
        assertNever(event);
    }
  }
}

/** Trains a run and shows it; true when it came to its end. Ctrl-C ends it with a checkpoint; a second one ends the program. */
export async function showTraining(output: Output, studio: Studio, run: string, device?: TrainConfig['device']): Promise<boolean> {
  const { config, folder } = recordOf(run);
  const feed = feedOf(await studio.readImages(folder), config);
  const progress = new TrainProgress(output, config, workOfRun(run));
  const { signal, done } = interruptible(
    () => {
      output.say('Stopping after this step, with a checkpoint. Press Ctrl-C again to end at once.');
      studio.trainer.control('stop');
    },
    () => studio.trainer.kill(),
  );
  try {
    const wanted = device ?? config.device;
    let instead: ChosenDevice | undefined;
    const kills = new Kills(run);
    for (;;) {
      const chosen = instead ?? (await studio.devices.choose(wanted, config, { signal, onStage: (stage) => output.say(stage), feed }));
      if (signal.aborted) return false;
      try {
        await trainRun(studio, run, chosen, (event) => progress.show(event));
        return !signal.aborted;
      } catch (error) {
        if (error instanceof CardFull && !signal.aborted) continue;
        if (wasKilled(error) && !signal.aborted && kills.mayGoOn((note) => progress.show(note))) {
          output.say(`${error.message} The system may have run out of memory. The run goes on from its last checkpoint.`);
          continue;
        }
        // A card that failed is chosen once more where it passes its test; one that was asked for by name is for the person to decide about.
        if (wanted !== 'auto' || !isCardFault(error, chosen) || signal.aborted) throw error;
        const isBroken = isBrokenCard(error, chosen);
        if (!isBroken) instead = await studio.devices.insteadOfCard(error.message, config, feed);
        output.say(
          `${error.message} The run goes on from its last checkpoint, ${isBroken ? 'on what passes its test now' : 'on the processor'}.`,
        );
      }
    }
  } finally {
    done();
  }
}
