import { cleanCache } from '../../engine/clean.ts';
import { Studio } from '../../engine/studio.ts';
import type { Action } from '../action.ts';
import { textOption } from '../options.ts';
import { megabytes } from '../output.ts';

export const cleanCommand: Action = async (output, options) => {
  const home = textOption(options, 'home');
  const studio = new Studio(home === undefined ? {} : { home });
  try {
    const bytes = cleanCache(studio);
    output.event({ type: 'cleaned', bytes });
    output.say(`${megabytes(bytes)} freed. Originals, runs and embeddings are as they were; the next scan makes the cache again.`);
    return 0;
  } finally {
    await studio.dispose();
  }
};
