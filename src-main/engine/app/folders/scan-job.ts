// Scans as work of the engine: one at a time in a home, with counts as they come.
import type { DecodeSettings } from '../../../../shared/config/preprocessing.ts';
import { AppError } from '../../../../shared/errors.ts';
import { requireImages } from '../../../library/catalogue.ts';
import { scanFolder } from '../../folders/scan-folder.ts';
import type { Studio } from '../../studio.ts';
import type { JobHandle } from '../jobs.ts';
import { rateMeter } from '../rate.ts';
import { count, plural } from '../words.ts';

export interface ScanJob {
  readonly settings: DecodeSettings;
  readonly shortSide: number;
  /** Tries files again that failed before. */
  readonly retry?: boolean;
}

const running = new WeakMap<Studio, Promise<void>>();

/** Waits until nothing else writes much into the catalogue; what ends the turn. Rejects with `cancelled`. */
export async function takeTurn(studio: Studio, job: JobHandle): Promise<() => void> {
  const cancelled = new Promise<void>((resolve) => job.signal.addEventListener('abort', () => resolve()));
  for (let before = running.get(studio); before && !job.signal.aborted; before = running.get(studio)) {
    job.say('Waits until another folder is read.');
    await Promise.race([before, cancelled]);
  }
  if (job.signal.aborted) throw new AppError('cancelled', 'Reading the folder was stopped.', 'Read it again to go on where it stopped.');
  let done = (): void => {};
  const turn = new Promise<void>((resolve) => (done = resolve));
  running.set(studio, turn);
  return () => {
    running.delete(studio);
    done();
  };
}

/**
 * Brings a folder of the catalogue up to date; the job's progress is in images. Returns what was found, in a sentence. Throws `not-found`,
 * `disk-full`, `cancelled`, `no-images`.
 */
export async function runScan(studio: Studio, path: string, options: ScanJob, job: JobHandle): Promise<string> {
  const end = await takeTurn(studio, job);
  try {
    const meter = rateMeter();
    let said = '';
    for await (const event of scanFolder(studio, path, { ...options, signal: job.signal })) {
      if (event.type === 'cache') continue;
      const { counts } = event;
      const done = counts.decoded + counts.reused + counts.unchanged + counts.failed;
      const total = event.type === 'finished' || event.surveyed ? counts.found : 0;
      job.progress({ done, total, unit: 'images', ...meter(done, total) });
      said = `${count(counts.found)} found${counts.failed > 0 ? `, ${count(counts.failed)} unreadable` : ''}`;
      if (event.type === 'progress') job.say(said);
      else {
        const gone = counts.missing > 0 ? `, ${count(counts.missing)} missing` : '';
        const table =
          event.labelProblems.length > 0 ? `; ${plural(event.labelProblems.length, 'line', 'lines')} of the labels do not fit` : '';
        said = `${said}${gone}${table}`;
      }
    }
    requireImages(studio.library, path);
    return said;
  } finally {
    end();
  }
}
