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
