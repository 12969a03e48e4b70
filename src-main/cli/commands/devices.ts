import { AppError } from '../../../shared/errors.ts';
import { graphicsCards } from '../../engine/devices/graphics-cards.ts';
import { installTensorflow, neededBytes, tensorflowLacks } from '../../engine/devices/install-tensorflow.ts';
import { nativeLicence, nativeParts, nativeVersion } from '../../engine/devices/tensorflow-parts.ts';
import { homeAt } from '../../engine/home.ts';
import type { Action } from '../action.ts';
import { interruptible } from '../interrupt.ts';
import { textOption } from '../options.ts';
import { megabytes } from '../output.ts';

/** What a person should know of this computer before hundreds of megabytes are fetched, as sentences. */
async function beforeInstalling(): Promise<readonly string[]> {
  const cards = await graphicsCards();
  const lacks = tensorflowLacks(cards);
  return [
    `${(neededBytes / 1e9).toFixed(0)} GB of disk have to be free while it is installed.`,
    ...(lacks.length === 0 ? [] : ['As this computer is, it would compute on the processor:', ...lacks]),
  ];
}

/** `devices install tensorflow`: the one part that does not come with the program. */
export const devicesCommand: Action = async (output, options, what, part) => {
  if (what !== 'install' || part !== 'tensorflow')
    throw new AppError(
      'bad-config',
      `devices ${what} ${part}: there is no such thing to do.`,
      'Try: ijepa-studio devices install tensorflow',
    );
  const [library, binding] = ['library', 'binding'].map((name) => textOption(options, name));
  const parts = nativeParts[`${process.platform}-${process.arch}`];
  const work = interruptible(() => output.say('Stopping; what came is kept.'));
  try {
    output.say(nativeLicence);
    for (const sentence of await beforeInstalling()) output.say(sentence);
    if (parts && library === undefined) output.say(`TensorFlow ${nativeVersion} from ${parts.library.address}`);
    if (parts && binding === undefined) output.say(`Its binding from ${parts.binding.address}`);
    const installed = await installTensorflow(homeAt(textOption(options, 'home')), {
      files: { ...(library !== undefined && { library }), ...(binding !== undefined && { binding }) },
      signal: work.signal,
      onStage: (stage) => output.progress(stage),
      onProgress: ({ file, done, total }) => {
        output.event({ type: 'download', file, done, ...(total !== undefined && { total }) });
        output.progress(`${file}: ${megabytes(done)}${total === undefined ? '' : ` of ${megabytes(total)}`}`);
      },
    });
    output.progress('', true);
    output.event({ type: 'installed', part, ...installed });
    output.say(`TensorFlow ${installed.version} is in ${installed.folder}, and loads.`);
    output.say('It is tested before its first use: by the next run, or now by ijepa-studio doctor.');
    return 0;
  } finally {
    work.done();
  }
};
