// Evaluations that a person asked for, kept as files beside what was evaluated.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationPurpose, EvaluationSummary } from '../../../../shared/contract/contract-runs.ts';
import { systemError } from '../../../../shared/errors.ts';
import { measureTables, renderReport, reportFacts } from '../../../evaluation/report.ts';
import type { EvaluationReport } from '../../../evaluation/report.ts';
import { writeFileAside } from '../../../files/write-aside.ts';
import { findFolder, folderOf } from '../../../library/folders.ts';
import { readCheckpointHeader } from '../../../training/run-folder/checkpoint.ts';
import { readRecord } from '../../../training/run-folder/run-folder.ts';
import type { VectorPlace } from '../../devices/vector-device.ts';
import { evaluateRun } from '../../evaluation/evaluation.ts';
import type { EngineContext } from '../context.ts';
import { scanFor } from '../folders/prepare-images.ts';
import { EvaluationClock } from './evaluation-clock.ts';
import type { Runs } from './runs.ts';

interface StoredReport {
  readonly version: 1;
  /** ISO time. */
  readonly created: string;
  readonly step: number;
  readonly purpose: EvaluationPurpose;
  /** Path of the folder where it is not the run's own. */
  readonly folder?: string;
  readonly report: EvaluationReport;
}

/** As the terminal measures when nothing else is said. */
const measures = { bankPerClass: 1000, queriesPerClass: 200, pixelSide: 16, probe: true } as const;

const folderOfReports = (run: string): string => join(run, 'evaluations');

/** A judgement on another folder stands beside that on the run's own, and is replaced by the next on the same. */
function fileOf({ step, purpose, folder }: StoredReport): string {
  const elsewhere = folder === undefined ? '' : `-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
  return `step-${step}-${purpose}${elsewhere}.json`;
}

function keep(run: string, stored: StoredReport): void {
  try {
    mkdirSync(folderOfReports(run), { recursive: true });
    writeFileAside(join(folderOfReports(run), fileOf(stored)), `${JSON.stringify(stored, null, 2)}\n`);
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
      const { created, step, purpose, folder, report } = JSON.parse(readFileSync(join(folderOfReports(run), name), 'utf8')) as StoredReport;
      const { headline } = report;
      const texts = { measures: measureTables(report), facts: reportFacts(report), text: renderReport(report) };
      return [{ created, step, purpose, folder, headline, ...texts }];
    } catch {
      return [];
    }
  });
  return stored.toSorted((a, b) => (a.created < b.created ? 1 : -1)).map(({ created: _created, ...summary }) => summary);
}

interface Asked {
  readonly run: string;
  readonly checkpoint: string;
  readonly purpose: EvaluationPurpose;
  /** Of the catalogue; the run's own when absent. */
  readonly folder?: number | undefined;
}

/**
 * Measures a checkpoint beside both baselines, as a job, and keeps the report. Throws `not-found`, and `bad-input` for imported weights
 * without a folder.
 */
export async function startEvaluation(
  context: EngineContext,
  { store, aside, checkpoints, trainings }: Runs,
  { run, checkpoint, purpose, folder }: Asked,
): Promise<{ readonly job: number }> {
  const { studio, jobs } = context;
  const path = store.path(run);
  const root = folder === undefined ? store.folder(run) : folderOf(studio.library, folder).path;
  const elsewhere = root === readRecord(path).folder ? undefined : root;
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
    const { signal } = handle;
    let where = '';
    const place: VectorPlace = {
      signal,
      isCardTaken: () => trainings.hasCard,
      onStage: (stage) => handle.say(stage),
      onDevice: ({ reason }) => {
        where = `Makes the vectors on: ${reason}`;
        handle.say(where);
      },
    };
    const options = { ...place, run: path, checkpoint: file, root, purpose, threads: aside.threads, trainer: aside.jobs, ...measures };
    try {
      const made = await evaluateRun(studio, options, (progress) => {
        clock.hear(progress);
        const { part, stage } = progress;
        handle.say(part === 'pictures' ? `Measures ${stage}. ${where}` : `Fits spaces and linear probes of ${stage}.`);
        tell();
      });
      const created = new Date().toISOString();
      keep(path, { version: 1, created, step, purpose, ...(elsewhere !== undefined && { folder: elsewhere }), report: made });
      return made.headline;
    } finally {
      clearInterval(timer);
      handle.signal.removeEventListener('abort', kill);
    }
  });
  held.until(job);
  return { job };
}
