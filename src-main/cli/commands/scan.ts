import { defaultConfig } from '../../../shared/config/config.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { checkFailuresTarget, defaultDecodeLimits, exportFailureList, failureList } from '../../engine/folders/failures.ts';
import { moveFolder } from '../../engine/folders/moved-folder.ts';
import { Studio } from '../../engine/studio.ts';
import type { Action } from '../action.ts';
import { integerOption, numberOption, requireBeside, textOption } from '../options.ts';
import { count } from '../output.ts';
import { labelsOf, showScan } from '../scan-progress.ts';

const shownFailures = 8;

export const scanCommand: Action = async (output, options, folder) => {
  const home = textOption(options, 'home');
  requireBeside(options, '--trust-times', '--moved-from', 'Also say where these images were before: --moved-from FOLDER.');
  const maxPixels = integerOption(options, 'maxPixels', '--max-pixels', 1)!;
  const studio = new Studio({ ...(home !== undefined && { home }), limits: { ...defaultDecodeLimits, maxPixels } });
  try {
    const target = textOption(options, 'failures');
    if (target !== undefined) await checkFailuresTarget(studio, target, folder!);
    const from = textOption(options, 'movedFrom');
    if (from !== undefined) {
      const moved = await moveFolder(studio, from, folder!, {
        trustTimes: options['trustTimes'] === true,
        progress: (done, total) =>
          output.progress(total > 0 ? `${count(done)} of ${count(total)} files compared` : `${count(done)} files found`),
      });
      const gone = moved.missing > 0 ? `, ${count(moved.missing)} are missing` : '';
      output.event({ type: 'moved', ...moved });
      output.progress(`${count(moved.matched)} images of ${from} were found again${gone}.`, true);
    }
    const cacheMegabytes = numberOption(options, 'cacheLimit', '--cache-limit', 1);
    const counts = await showScan(output, studio, folder!, {
      settings: preprocessingOf(defaultConfig),
      shortSide: integerOption(options, 'shortSide', '--short-side', 8, 8192)!,
      ...labelsOf(textOption(options, 'labels')),
      ...(cacheMegabytes !== undefined && { cacheBytes: cacheMegabytes * 1e6 }),
      retry: options['retry'] === true,
    });
    const failed = counts.failed > 0 ? failureList(studio, folder!, shownFailures) : [];
    for (const { path, message } of failed) output.say(`  ${path}: ${message}`);
    if (counts.failed > failed.length)
      output.say(`  … and ${count(counts.failed - failed.length)} more: --failures FILE writes the whole list.`);
    if (target !== undefined) await exportFailureList(studio, target, folder!);
    studio.images(folder!);
    return 0;
  } finally {
    await studio.dispose();
  }
};
