// One update of the weights from the gradients of a batch, by a kernel of its own on the CPU. Devices that keep the state run the same
// arithmetic as a graph (`../jepa/adamw.ts`).
import { averageOf, correctionsOf } from '../jepa/adamw.ts';
import type { ScheduleInput, UpdateSettings } from '../jepa/adamw.ts';
import type { ParameterSpec } from '../jepa/model.ts';
import { isMuonMatrix, muonDirections } from '../jepa/muon.ts';
import { UpdateKernel } from '../runtime/update-kernel.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';

type Arrays = Readonly<Record<string, Float32Array>>;
type Schedule = Readonly<Record<ScheduleInput, Float32Array>>;

export interface Optimiser {
  /** Moves `tensors` in place by `gradients`; returns the norm of the gradient. Where that is not finite, nothing moved. */
  step(tensors: Arrays, gradients: Arrays, schedule: Schedule): Promise<number>;
  dispose(): Promise<void>;
}

/** The arithmetic of `moved` in one pass through memory, for these parameters; directions of Muon come from a compiled graph. */
export async function kernelOptimiser(
  specs: readonly ParameterSpec[],
  config: UpdateSettings,
  options: SessionOptions,
): Promise<Optimiser> {
  const { beta1, beta2, epsilon } = config;
  const kernel = new UpdateKernel();
  const matrices = config.optimiser === 'muon' ? specs.filter(isMuonMatrix) : [];
  const orthogonal = new Set(matrices.map(({ name }) => name));
  const session = matrices.length > 0 ? await OnnxSession.compile(muonDirections(matrices), options) : undefined;
  const directions = Object.fromEntries(
    matrices.map(({ name, shape }) => [`direction.${name}`, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
  );
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
        epsilon,
        momentum: schedule.momentum[0]!,
      };
      await session?.run({ ...gradients, ...tensors }, { ...directions, ...tensors });
      for (const { name, decay } of specs) {
        const average = averageOf(name);
        const keep = decay ? 1 - learningRate * weightDecay : 1;
        if (orthogonal.has(name)) {
          kernel.moveAlong(
            {
              direction: directions[`direction.${name}`]!,
              weight: tensors[name]!,
              ...(average !== undefined && { average: tensors[average]! }),
            },
            { keep, learningRate, momentum: scalars.momentum },
          );
          continue;
        }
        const [correction1, correction2] = correctionsOf(name).map((key) => schedule[key][0]!) as [number, number];
        kernel.move(
          {
            gradient: gradients[`gradient.${name}`]!,
            weight: tensors[name]!,
            moment1: tensors[`moment1.${name}`]!,
            moment2: tensors[`moment2.${name}`]!,
            ...(average !== undefined && { average: tensors[average]! }),
          },
          { ...scalars, keep, stepSize: learningRate * correction1, correction2 },
        );
      }
      return norm;
    },
    dispose: async () => session?.dispose(),
  };
}
