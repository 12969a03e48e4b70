// How devices are found, tested and timed; tests give their own.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { DeviceId, DeviceReport, GraphicsCard } from '../../../shared/devices.ts';
import { isCardHeldElsewhere } from '../../files/card-lock.ts';
import { memoryToUse } from '../../files/memory.ts';
import type { Feed } from '../../training/plan/feed-memory.ts';
import { graphicsCards } from './graphics-cards.ts';
import { probeDevice, selfTestWithin } from './probe-device.ts';
import { timeStep } from './time-step.ts';
import type { TimedStep } from './time-step.ts';
import { vulkanObstaclesHere } from './vulkan-obstacles.ts';

export interface DeviceWork {
  readonly signal?: AbortSignal;
  /** What is done now, as a sentence. */
  readonly onStage?: (stage: string) => void;
  /** Nobody waits for it: everything else on the computer comes first. */
  readonly unasked?: boolean;
  /** Whether a run trains on the graphics card now, whose memory is that run's. */
  readonly isCardTaken?: (() => boolean) | undefined;
  /** What a run is cut from: it takes memory beside the steps. */
  readonly feed?: Feed | undefined;
}

export interface DeviceTools {
  cards(): Promise<readonly GraphicsCard[]>;
  /** Its self-test, with `free` bytes of its memory where that is known. */
  probe(id: DeviceId, signal?: AbortSignal, free?: number): Promise<DeviceReport>;
  /** A step, waited for as long as it is not far more than the `best` so far. */
  time(id: DeviceId, config: TrainConfig, best: number | undefined, signal?: AbortSignal, unasked?: boolean): Promise<TimedStep>;
  /** Whether another program of this user computes on the card now: what is timed then is slower than it is, and not remembered. */
  isCardInUse?(): boolean;
  /** Bytes of the computer's memory that a program can still take. */
  memory(): number;
  /** What keeps these cards from WebGPU, in sentences that say what to do; none where nothing is missing. */
  obstacles(cards: readonly GraphicsCard[]): Promise<readonly string[]>;
}

export const usualTools: DeviceTools = {
  cards: graphicsCards,
  probe: async (id, signal, free) => probeDevice(id, signal, selfTestWithin(free)),
  time: timeStep,
  memory: memoryToUse,
  obstacles: vulkanObstaclesHere,
  isCardInUse: () => isCardHeldElsewhere(),
};
