// TensorFlow's native part: where it is looked for. Nothing of it comes with the program.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { howToInstall, tensorflowBinding, tensorflowVariable } from '../../shared/tensorflow.ts';

/** The npm package's own folder, which its install script would have filled. */
function packageFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    return undefined;
  }
}

/** The native part's binding, in the folder that the environment names or else in the package. Throws `unsupported` where it is not there. */
export function findTensorflow(): { readonly binding: string } {
  const given = process.env[tensorflowVariable];
  const folder = given === undefined || given === '' ? packageFolder() : given;
  if (folder !== undefined && existsSync(join(folder, tensorflowBinding))) return { binding: join(folder, tensorflowBinding) };
  throw new AppError(
    'unsupported',
    given ? `TensorFlow is not in ${given}: there is no ${tensorflowBinding}.` : 'The native part of TensorFlow is not installed.',
    howToInstall,
  );
}
