// A card whose driver hangs answers nothing and fails nothing: whoever waits for it would wait for ever.
import { formatDuration } from '../../../shared/duration.ts';
import { AppError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import type { Trainer } from '../../trainer/trainer.ts';

/** Time is counted in ticks of a timer, which stand still while the computer sleeps; the clock does not everywhere. */
const tickMs = 5_000;
/** Between two events of a run, which come with every step. */
const mostMs = 30 * 60_000;
/** Before the first step of a run, and before the first on larger crops: kernels are compiled in it, and the baselines judged. */
const mostCompilingMs = 60 * 60_000;
/** Images that are judged within these times on a slow core: their neighbours are looked up there, and nothing is said until they are found. */
const usualJudged = 20_000;
/** After a run was asked to stop, once it is known how long it judges. */
const stopMs = 60_000;
/** The same before that: a resumed run may be judging now for the first time in this process. */
const stopUnknownMs = 10 * stopMs;
/** Where steps or evaluations of the run took long before, one of them may be what a stop waits for. */
const stopTimes = 3;

const hung = (ms: number, kept: string): AppError =>
  new AppError(
    'device-failed',
    `The graphics card has not answered for ${formatDuration(ms / 1000)}.`,
    `Try again on the processor (device=cpu); ${kept}. If it happens again, update the driver of the graphics card.`,
  );

const stoppedAnyway = (): AppError =>
  new AppError(
    'cancelled',
    'The graphics card did not answer, so the training process was ended.',
    'The run stands at its last checkpoint and goes on from there when you resume it.',
  );

/** Does `work`; ends the trainer and rejects as soon as `tick`, asked every `tickMs`, has an error. */
async function untilEnded<T>(trainer: Pick<Trainer, 'kill'>, work: () => Promise<T>, tick: () => AppError | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setInterval(() => {
        const error = tick();
        if (!error) return;
        reject(error);
        trainer.kill();
      }, tickMs);
      work().then(resolve, reject);
    });
  } finally {
    clearInterval(timer);
  }
}

/**
 * Trains on a card for as long as it answers; `work` hands every event to what it is given, and each evaluation of the run has so many images
 * `judged`. Ends the trainer and rejects with `device-failed` after half an hour without an event, an hour where kernels may be compiled, and
 * with `cancelled` a minute after an unheard stop, ten where no evaluation has shown how long it takes. All is longer, with the square of
 * their number, for so many images that their neighbours alone take that long. A paused run has no events, and its time does not count.
 */
export async function whileCardAnswers(
  trainer: Pick<Trainer, 'kill' | 'isStopping'>,
  work: (see: (event: TrainEvent) => void) => Promise<unknown>,
  onEvent: (event: TrainEvent) => void,
  judged: number,
): Promise<void> {
  const patience = Math.max(1, (judged / usualJudged) ** 2);
  let isKnown = judged === 0;
  let [quietMs, stoppingMs, longestMs] = [0, 0, 0];
  let isPaused = false;
  let isCompiling = true;
  const see = (event: TrainEvent): void => {
    if (event.type !== 'started' && !(event.type === 'step' && isCompiling)) longestMs = Math.max(longestMs, quietMs);
    quietMs = stoppingMs = 0;
    if (event.type === 'paused') isPaused = true;
    if (event.type === 'resumed') isPaused = false;
    if (event.type === 'step') isCompiling = false;
    if (event.type === 'evaluation' || event.type === 'baselines') isKnown = true;
    if (event.type === 'note' && event.isCourse) isCompiling = true;
    onEvent(event);
  };
  const tick = (): AppError | undefined => {
    if (!isPaused) quietMs += tickMs;
    if (trainer.isStopping) stoppingMs += tickMs;
    const most = patience * (isCompiling ? mostCompilingMs : mostMs);
    const mostStopping = Math.max(isKnown ? stopMs : patience * stopUnknownMs, stopTimes * longestMs);
    if (quietMs < most && stoppingMs < mostStopping) return undefined;
    return trainer.isStopping ? stoppedAnyway() : hung(most, 'the last checkpoint is intact');
  };
  await untilEnded(trainer, async () => work(see), tick);
}

/** What work with an encoder says of itself: whether the card has pictures to look at, or the processor has what it made of them. */
export type SeeEncoder = (isOnCard: boolean) => void;

/**
 * Makes vectors or an evaluation on a card for as long as it answers; `work` hands on that it got further. Ends the trainer and rejects with
 * `device-failed` after half an hour in which the card had pictures and nothing was heard of them.
 */
export async function whileCardLooks<T>(trainer: Pick<Trainer, 'kill'>, work: (see: SeeEncoder) => Promise<T>): Promise<T> {
  let quietMs = 0;
  let isOnCard = true;
  const see = (now: boolean): void => {
    quietMs = 0;
    isOnCard = now;
  };
  return untilEnded(
    trainer,
    async () => work(see),
    () => {
      if (isOnCard) quietMs += tickMs;
      return quietMs < mostMs ? undefined : hung(mostMs, 'what was made is kept');
    },
  );
}
