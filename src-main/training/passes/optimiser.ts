// One update of the weights from the gradients of a batch, by a kernel of its own on the CPU. Devices that keep the state run the same
// arithmetic as a graph (`../../jepa/adamw.ts`).
import { averageOf, correctionsOf } from '../../jepa/adamw.ts';
import type { ScheduleInput, UpdateSettings } from '../../jepa/adamw.ts';
import type { ParameterSpec } from '../../jepa/model.ts';
import { muonMatrices } from '../../jepa/muon.ts';
import { UpdateKernel } from '../../runtime/update-kernel.ts';
import type { Arrays, MuonSession } from './muon-session.ts';

type Schedule = Readonly<Record<ScheduleInput, Float32Array>>;

/** The norm of gradients whose squares have this sum; not finite where second moments in float32 would not be either. */
export const normOf = (squares: number): number => Math.sqrt(Math.fround(squares));

export interface Optimiser {
  /** Σ g² of the gradients of its parameters, in float64. */
  squares(gradients: Arrays): number;
  /** Moves its parameters among `tensors` in place. */
  move(tensors: Arrays, gradients: Arrays, schedule: Schedule): Promise<void>;
  dispose(): Promise<void>;
}

/** One update of all parameters; returns the norm of the gradient. Where that is not finite, nothing moved. */
export async function optimise(optimiser: Optimiser, tensors: Arrays, gradients: Arrays, schedule: Schedule): Promise<number> {
  const norm = normOf(optimiser.squares(gradients));
  if (Number.isFinite(norm)) await optimiser.move(tensors, gradients, schedule);
  return norm;
}

/** The arithmetic of `moved` in one pass through memory, for these parameters; `directions` are Muon's, and the optimiser's to dispose of. */
export function kernelOptimiser(specs: readonly ParameterSpec[], config: UpdateSettings, directions: MuonSession | undefined): Optimiser {
  const { beta1, beta2, epsilon } = config;
  const kernel = new UpdateKernel();
  const orthogonal = new Set(muonMatrices(specs, config).map(({ name }) => name));
  return {
    squares: (gradients) => specs.reduce((total, { name }) => total + kernel.squares(gradients[`gradient.${name}`]!), 0),
    move: async (tensors, gradients, schedule) => {
      const [learningRate, weightDecay] = [schedule.learningRate[0]!, schedule.weightDecay[0]!];
      const scalars = {
        rate1: 1 - beta1,
        rate2: 1 - beta2,
        epsilon,
        momentum: schedule.momentum[0]!,
      };
      const found = (await directions?.of(gradients, tensors)) ?? {};
      for (const { name, decay } of specs) {
        const average = averageOf(name);
        const keep = decay ? 1 - learningRate * weightDecay : 1;
        if (orthogonal.has(name)) {
          kernel.moveAlong(
            {
              direction: found[`direction.${name}`]!,
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
    },
    dispose: async () => directions?.dispose(),
  };
}
