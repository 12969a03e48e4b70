// Compiles a step for WebGPU with a part that only the processor has a kernel for, in each of its graphs in turn, in a process of its own that
// may die of it; says how each was refused.
// Argument: JSON { device, settings }.
import { parseConfig } from '../../../shared/config/config.ts';
import type { OnnxDevice } from '../../../shared/devices.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import { cast, less } from '../../tensor/elementwise.ts';
import { input, transpose } from '../../tensor/structure.ts';
import { createStepDevice } from '../passes/create-step-device.ts';
import { stepSize } from '../plan/step-size.ts';

export interface RefusedFallback {
  /** Graphs of the step. */
  readonly graphs: number;
  /** Why a step was refused of which this graph has such a part; null where it was compiled. */
  readonly refusals: readonly (string | null)[];
  /** The same of such a part alone where nothing is said of the processor. */
  readonly alone: string | null;
}

const { device, settings } = JSON.parse(process.argv[2]!) as { readonly device: OnnxDevice; readonly settings: Record<string, unknown> };
const config = parseConfig(settings);
const compile = OnnxSession.compile.bind(OnnxSession);

/** Truth values are transposed by the processor alone. */
const transposed = { transposed: cast(transpose(less(input('truths', [2, 3]), 1), [1, 0]), 'float32') };

async function refusalOf(work: () => Promise<{ dispose(): Promise<void> }>): Promise<string | null> {
  try {
    await (await work()).dispose();
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Compiles the step; how many graphs that were, and why it was refused with such a part in the graph of that number. */
async function compiled(spoilt: number): Promise<{ readonly graphs: number; readonly refusal: string | null }> {
  let graphs = 0;
  OnnxSession.compile = async (outputs, ...how) => compile(graphs++ === spoilt ? { ...outputs, ...transposed } : outputs, ...how);
  const refusal = await refusalOf(async () => createStepDevice(stepSize(config), config, { device, threads: 1 }));
  return { graphs, refusal };
}

const { graphs, refusal } = await compiled(-1);
if (refusal !== null) throw new Error(`The step itself was refused: ${refusal}`);
const refusals: (string | null)[] = [];
for (let spoilt = 0; spoilt < graphs; spoilt++) refusals.push((await compiled(spoilt)).refusal);
const alone = await refusalOf(async () => compile(transposed, { device, threads: 1 }));
process.stdout.write(JSON.stringify({ graphs, refusals, alone } satisfies RefusedFallback));
