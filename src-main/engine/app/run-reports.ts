// Evaluations that a person asked for, kept as files beside what was evaluated.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationSummary } from '../../../shared/contract-runs.ts';
import { systemError } from '../../../shared/errors.ts';
import { measureTables, renderReport, reportFacts } from '../../evaluation/report.ts';
import type { EvaluationReport } from '../../evaluation/report.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import { findFolder } from '../../library/folders.ts';
import { readCheckpointHeader } from '../../training/checkpoint.ts';
import { evaluateRun } from '../evaluation.ts';
import type { EngineContext } from './context.ts';
import { EvaluationClock } from './evaluation-clock.ts';
import { scanFor } from './prepare-images.ts';
import type { Runs } from './runs.ts';

interface StoredReport {
  readonly version: 1;
  /** ISO time. */
  readonly created: string;
  readonly step: number;
  readonly purpose: 'choosing' | 'reporting';
  readonly report: EvaluationReport;
}

/** As the terminal measures when nothing else is said. */
const measures = { bankPerClass: 1000, queriesPerClass: 200, pixelSide: 16, probe: true } as const;

const folderOfReports = (run: string): string => join(run, 'evaluations');

function keep(run: string, stored: StoredReport): void {
  try {
    mkdirSync(folderOfReports(run), { recursive: true });
    writeFileAside(join(folderOfReports(run), `step-${stored.step}-${stored.purpose}.json`), `${JSON.stringify(stored, null, 2)}\n`);
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** The reports of a run, newest first; files that are damaged are left out. */
export function readReports(run: string): EvaluationSummary[] {
  let names: string[];
  try {
    names = readdirSync(folderOfReports(run)).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  const stored = names.flatMap((name) => {
    try {
      const { created, step, report } = JSON.parse(readFileSync(join(folderOfReports(run), name), 'utf8')) as StoredReport;
      const { headline } = report;
      return [{ created, step, headline, measures: measureTables(report), facts: reportFacts(report), text: renderReport(report) }];
    } catch {
      return [];
    }
  });
  return stored.toSorted((a, b) => (a.created < b.created ? 1 : -1)).map(({ created: _created, ...summary }) => summary);
}

/** Measures a checkpoint beside both baselines, as a job, and keeps the report. Throws `not-found`. */
export async function startEvaluation(
  context: EngineContext,
  { store, aside, checkpoints }: Runs,
  { run, checkpoint, report }: { readonly run: string; readonly checkpoint: string; readonly report: boolean },
): Promise<{ readonly job: number }> {
  const { studio, jobs } = context;
  const path = store.path(run);
  const root = store.folder(run);
  const held = await checkpoints.hold(run, checkpoint);
  const { id } = findFolder(studio.library, root) ?? {};
  const info = { subject: run, run, ...(id !== undefined && { folder: id }), queue: 'aside' } as const;
  const job = jobs.start('evaluate', info, async (handle) => {
    const file = await held.file();
    const { step, config } = readCheckpointHeader(file);
    await scanFor(studio, root, config, handle);
    const clock = new EvaluationClock();
    const tell = (): void => handle.progress({ unit: 'images', ...clock.progress });
    tell();
    // Figures take minutes and say nothing: the time left goes on all the same.
    const timer = setInterval(tell, 1000);
    // It computes for minutes without looking up, and there is nothing to keep.
    const kill = (): void => aside.jobs.kill();
    handle.signal.addEventListener('abort', kill);
    const purpose = report ? ('reporting' as const) : ('choosing' as const);
    const { signal } = handle;
    const options = { signal, run: path, checkpoint: file, root, purpose, threads: aside.threads, trainer: aside.jobs, ...measures };
    try {
      const made = await evaluateRun(studio, options, (progress) => {
        clock.hear(progress);
        handle.say(progress.part === 'pictures' ? `Measures ${progress.stage}.` : `Fits spaces and linear probes of ${progress.stage}.`);
        tell();
      });
      keep(path, { version: 1, created: new Date().toISOString(), step, purpose, report: made });
      return made.headline;
    } finally {
      clearInterval(timer);
      handle.signal.removeEventListener('abort', kill);
    }
  });
  held.until(job);
  return { job };
}
