// Whether TensorFlow's native part is on this machine, for tests that need it.
import { findTensorflow } from '../tensorflow-library.ts';

function absence(): string | undefined {
  try {
    findTensorflow();
    return undefined;
  } catch {
    return 'skipped: the native part of TensorFlow is not installed (../shared/tools/tfjs-rig.sh)';
  }
}

/** Why tests of TensorFlow are skipped; undefined where they run. */
export const noTensorflow = absence();
/** Appended to a test's name. */
export const whySkipped = noTensorflow === undefined ? '' : `, ${noTensorflow}`;

/** Has XLA compile in a fifth of the time, what it then runs more slowly. To be called before TensorFlow is loaded; the flags are those of 2.21. */
export function compileQuickly(): void {
  process.env['XLA_FLAGS'] ??=
    '--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1';
}
