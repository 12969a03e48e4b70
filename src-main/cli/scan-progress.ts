// Runs a scan and shows its counts; used by `scan`, `train` and `demo`.
import { scanFolder } from '../engine/scan-folder.ts';
import type { ScanFolderOptions } from '../engine/scan-folder.ts';
import type { Studio } from '../engine/studio.ts';
import { AppError } from '../../shared/errors.ts';
import { interruptible } from './interrupt.ts';
import { count, duration, megabytes, plural } from './output.ts';
import type { Output } from './output.ts';

type Counts = Record<'found' | 'decoded' | 'reused' | 'unchanged' | 'failed' | 'notImages' | 'missing' | 'moved', number>;

/** A table of another folder has a problem in every line. */
const problemsShown = 8;

/** Where labels come from, as the flag says it. */
export function labelsOf(text: string | undefined): Pick<ScanFolderOptions, 'labels'> {
  if (text === undefined) return {};
  if (text === 'folders' || text === 'off') return { labels: { kind: text } };
  return { labels: { kind: 'csv', file: text } };
}

/** Scans and returns the counts. Throws `cancelled` after Ctrl-C; what was read until then is kept. */
export async function showScan(
  output: Output,
  studio: Studio,
  folder: string,
  options: Omit<ScanFolderOptions, 'signal'>,
): Promise<Counts> {
  const { signal, done } = interruptible();
  const began = performance.now();
  try {
    for await (const event of scanFolder(studio, folder, { ...options, signal })) {
      output.event({ command: 'scan', ...event });
      if (event.type === 'cache') {
        const form = event.jpeg ? ', partly as JPEG' : '';
        output.say(`The decode cache takes about ${megabytes(event.bytes)} (limit ${megabytes(event.limit)}${form}).`);
        continue;
      }
      const { counts } = event;
      const read = counts.decoded + counts.reused + counts.unchanged + counts.failed;
      if (event.type === 'progress') {
        const rate = read / ((performance.now() - began) / 1000);
        const share = event.surveyed && counts.found > 0 ? `${output.bar(read / counts.found)}  ` : '';
        output.progress(
          `${share}${plural(counts.found, 'image')} found, ${count(counts.failed)} unreadable, ${count(Math.round(rate))} images/s`,
        );
        continue;
      }
      const known = counts.unchanged > 0 ? `, ${count(counts.unchanged)} unchanged` : '';
      const gone = counts.missing > 0 ? `, ${count(counts.missing)} missing` : '';
      output.progress(
        `${plural(counts.found, 'image')} found, ${count(counts.failed)} unreadable${known}${gone}, in ${duration(event.seconds)}`,
        true,
      );
      for (const problem of event.labelProblems.slice(0, problemsShown)) output.say(problem);
      const more = event.labelProblems.length - problemsShown;
      if (more > 0) output.say(`… and ${count(more)} more lines of the table of labels; --json lists them all.`);
      return counts;
    }
    throw new AppError('internal', 'The scan ended without a result.', 'Scan again.');
  } finally {
    done();
  }
}
