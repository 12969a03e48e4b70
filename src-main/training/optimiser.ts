// One update of the weights from the gradients of a batch: on the CPU by a kernel of its own, elsewhere as a compiled graph, whose
// state can stay on the device.
import type { TrainConfig } from '../../shared/config-table.ts';
import { averageOf, update } from '../jepa/adamw.ts';
import type { ScheduleInput } from '../jepa/adamw.ts';
import { trainedParameters } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { AdamwKernel } from '../runtime/adamw-kernel.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';

type Arrays = Readonly<Record<string, Float32Array>>;
type Schedule = Readonly<Record<ScheduleInput, Float32Array>>;

export interface Optimiser {
  /** Moves `tensors` in place by `gradients`; returns the norm of the gradient. Where that is not finite, nothing moved. */
  step(tensors: Arrays, gradients: Arrays, schedule: Schedule): Promise<number>;
  dispose(): Promise<void>;
}

export async function createOptimiser(size: ModelSize, config: TrainConfig, options: SessionOptions): Promise<Optimiser> {
  return (options.device ?? 'cpu') === 'cpu' ? kernelOptimiser(size, config) : graphOptimiser(size, config, options);
}

/** The arithmetic of `update` in one pass through memory. */
export function kernelOptimiser(size: ModelSize, { beta1, beta2, epsilon }: Pick<TrainConfig, 'beta1' | 'beta2' | 'epsilon'>): Optimiser {
  const kernel = new AdamwKernel();
  const specs = trainedParameters(size);
  return {
    step: async (tensors, gradients, schedule) => {
      const squared = specs.reduce((total, { name }) => total + kernel.squares(gradients[`gradient.${name}`]!), 0);
      // Squares beyond float32 would make the second moments infinite.
      const norm = Math.sqrt(Math.fround(squared));
      if (!Number.isFinite(norm)) return norm;
      const [learningRate, weightDecay] = [schedule.learningRate[0]!, schedule.weightDecay[0]!];
      const scalars = {
        rate1: 1 - beta1,
        rate2: 1 - beta2,
        stepSize: learningRate * schedule.correction1[0]!,
        correction2: schedule.correction2[0]!,
        epsilon,
        momentum: schedule.momentum[0]!,
      };
      for (const { name, decay } of specs) {
        const average = averageOf(name);
        kernel.move(
          {
            gradient: gradients[`gradient.${name}`]!,
            weight: tensors[name]!,
            moment1: tensors[`moment1.${name}`]!,
            moment2: tensors[`moment2.${name}`]!,
            ...(average !== undefined && { average: tensors[average]! }),
          },
          { ...scalars, keep: decay ? 1 - learningRate * weightDecay : 1 },
        );
      }
      return norm;
    },
    dispose: async () => {},
  };
}

/** The graph, run on the device. */
export async function graphOptimiser(
  size: ModelSize,
  config: Pick<TrainConfig, 'beta1' | 'beta2' | 'epsilon'>,
  options: SessionOptions,
): Promise<Optimiser> {
  const session = await OnnxSession.create(lowerOnnx(update(size, config)), options);
  return {
    step: async (tensors, gradients, schedule) => {
      const moved = await session.run({ ...tensors, ...gradients, ...schedule }, tensors);
      return moved['gradientNorm']![0]!;
    },
    dispose: async () => session.dispose(),
  };
}
