// A step of a run, timed on every device that computes right.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { cropsPerImage } from '../../../shared/config/config.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { quarterOf, timedWithin } from './batch-limits.ts';
import type { BatchLimits } from './batch-limits.ts';
import { placeOf } from './candidates.ts';
import type { DeviceTools, DeviceWork } from './device-tools.ts';
import { fastestFirst } from './expected-device.ts';
import type { StepTime } from './expected-device.ts';
import { racedTimes, withTooSlow, withTrial } from './step-times.ts';
import type { TestedDevices } from './tested-devices.ts';
import type { TimedStep } from './time-step.ts';

/** What a race asks of the devices and leaves with them. */
export interface RaceTrack {
  readonly tools: DeviceTools;
  readonly tested: Pick<TestedDevices, 'known' | 'keep' | 'reportOf' | 'isOnProcessor'>;
  readonly limits: Pick<BatchLimits, 'note'>;
  microBatch(id: DeviceId, config: TrainConfig): Promise<{ readonly images: number }>;
}

/** Measured once for these drivers and sizes of a run; the fastest first. Rejects with `cancelled` when the signal aborts. */
export async function raceDevices(
  devices: readonly DeviceId[],
  config: TrainConfig,
  { signal, onStage, unasked }: DeviceWork,
  track: RaceTrack,
): Promise<readonly StepTime[]> {
  const isCardInUse = (): boolean => track.tools.isCardInUse?.() === true;
  const times = new Map<DeviceId, TimedStep>();
  for (const [device, seconds] of Object.entries(racedTimes(await track.tested.known(), config)))
    times.set(device as DeviceId, { seconds });
  // Cards first: where one is fast nobody waits for six steps of the processor.
  for (const device of devices.toReversed()) {
    if (times.has(device)) continue;
    onStage?.(`Timing a step of ${config.batchSize * cropsPerImage(config)} crops on ${placeOf(device)}.`);
    const finite = [...times.values()].map(({ seconds }) => seconds).filter(Number.isFinite);
    const reduced = (await track.tested.reportOf(device))?.reduced;
    const precision = reduced?.works === true && reduced.precision === config.precision ? config.precision : 'float32';
    const best = finite.length > 0 ? Math.min(...finite) : undefined;
    const sized = { ...config, precision };
    const { images } = await track.microBatch(device, sized);
    const time = async (microBatch: number): Promise<TimedStep> =>
      track.tools.time(device, { ...sized, microBatch }, best, signal, unasked);
    const onProcessor = await track.tested.isOnProcessor(device);
    const fewer = onProcessor ? undefined : quarterOf(config, images);
    const wasShared = isCardInUse();
    const { withFewer, ...timed } = await timedWithin(time, images, fewer, onStage);
    times.set(device, timed);
    // The processor is as fast as ever beside a card that another program has.
    const isShared = !onProcessor && (wasShared || isCardInUse());
    const known = await track.tested.known();
    // Also where it is not remembered the run that this race is for fails with more.
    if (withFewer) track.limits.note(known.signature, device, sized, fewer!, isShared);
    if (isShared) continue;
    if (Number.isFinite(timed.seconds)) track.tested.keep(withTrial(known, device, config, timed.seconds));
    // What failed may do better in other memory, and what gave way to everything else was slowed down by it.
    else if (timed.failure === undefined && unasked !== true) track.tested.keep(withTooSlow(known, device, config));
  }
  return fastestFirst(devices.map((device) => ({ device, ...times.get(device)! })));
}
