// Runs a scan and shows its counts; used by `scan`, `train` and `demo`.
import { existsSync } from 'node:fs';
import { closest } from '../../shared/config/closest.ts';
import { AppError } from '../../shared/errors.ts';
import { folderFacts, scanFolder } from '../engine/folders/scan-folder.ts';
import type { FolderFacts, ScanFolderOptions } from '../engine/folders/scan-folder.ts';
import type { Studio } from '../engine/studio.ts';
import { interruptible } from './interrupt.ts';
import { count, duration, megabytes, plural } from './output.ts';
import type { Output } from './output.ts';

type Counts = Record<'found' | 'decoded' | 'reused' | 'unchanged' | 'failed' | 'notImages' | 'missing' | 'moved', number>;

/** A table of another folder has a problem in every line. */
const problemsShown = 8;

/** Where labels come from, as the flag says it. Throws `bad-config` for what is neither a choice nor a file. */
export function labelsOf(text: string | undefined): Pick<ScanFolderOptions, 'labels'> {
  if (text === undefined) return {};
  if (text === 'folders' || text === 'off') return { labels: { kind: text } };
  if (!existsSync(text)) {
    const meant = closest(text.toLowerCase(), ['folders', 'off'], 2);
    throw new AppError(
      'bad-config',
      `--labels: '${text}' is neither folders nor off, and there is no file of that name`,
      `${meant === undefined ? '' : `Did you mean ${meant}? `}Give folders, off, or the path of a CSV file with the columns file,label.`,
    );
  }
  return { labels: { kind: 'csv', file: text } };
}

/** What was found, in numbers that add up: files, those that are none or no image of their own, and what is left. */
export function foundText(counts: Counts, different: number): string {
  const copies = counts.found - counts.failed - different;
  const parts = [
    ...(counts.failed > 0 ? [`${count(counts.failed)} unreadable`] : []),
    ...(copies > 0 ? [plural(copies, 'copy', 'copies')] : []),
  ];
  return parts.length === 0
    ? plural(different, 'different image')
    : `${plural(counts.found, 'file')}, ${parts.join(', ')}: ${plural(different, 'different image')}`;
}

/** Which labels are in force. `isGiven`: this scan was told where they come from. */
export function labelText({ mode, labels, labelled }: FolderFacts, isGiven: boolean): string {
  const asBefore = isGiven || mode.kind === 'folders' ? '' : ', as last time';
  const many = `${plural(labels, 'label')} for ${plural(labelled, 'image')}`;
  switch (mode.kind) {
    case 'off':
      return `Labels are off${asBefore}.`;
    case 'folders':
      return labels === 0 ? 'No labels: the images lie in no folders that could name them.' : `Labels from folders: ${many}.`;
    case 'csv':
      return `Labels from ${mode.file}${asBefore}: ${labels === 0 ? 'none of its lines names an image of this folder' : many}.`;
  }
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
  let found: Counts | undefined;
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
        output.progress(`${share}${plural(counts.found, 'file')}, ${count(counts.failed)} unreadable, ${count(Math.round(rate))} images/s`);
        continue;
      }
      const known = counts.unchanged > 0 ? `, ${count(counts.unchanged)} unchanged` : '';
      const gone = counts.missing > 0 ? `, ${count(counts.missing)} missing` : '';
      const facts = folderFacts(studio, folder);
      output.progress(`${foundText(counts, facts.different)}${known}${gone}, in ${duration(event.seconds)}`, true);
      if (counts.found > counts.failed) output.say(labelText(facts, options.labels !== undefined));
      for (const problem of event.labelProblems.slice(0, problemsShown)) output.say(problem);
      const more = event.labelProblems.length - problemsShown;
      if (more > 0) output.say(`… and ${count(more)} more lines of the table of labels; --json lists them all.`);
      found = counts;
    }
    // Pressed when all was read: what would follow must not begin all the same.
    if (signal.aborted) throw new AppError('cancelled', 'The scan was stopped.', 'What was read is kept: give the same command again.');
    if (!found) throw new AppError('internal', 'The scan ended without a result.', 'Scan again.');
    return found;
  } finally {
    done();
  }
}
