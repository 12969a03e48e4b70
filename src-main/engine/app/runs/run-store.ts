// The runs on disk as a page sees them: every one is described by its files alone; what is being trained is told from outside.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../../../../shared/contract/contract-runs.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { RunState } from '../../../../shared/run-state.ts';
import { baselinesFor } from '../../../../shared/run-verdict.ts';
import { findFolder, folderOf } from '../../../library/folders.ts';
import { judgedSince } from '../../../training/judging/health.ts';
import { decidingScore } from '../../../training/judging/scores.ts';
import { readAppFile } from '../../../training/run-folder/app-file.ts';
import { listCheckpoints, readRecord } from '../../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../../training/run-folder/run-folder.ts';
import { newRunPath, runNames } from '../../home.ts';
import { checkpointOf } from '../../runs/runs.ts';
import { bytesBelow } from '../../storage.ts';
import type { Studio } from '../../studio.ts';
import { vectorsOf } from '../../vectors/embedding-folders.ts';
import type { RunLog } from './run-log.ts';
import { RunLogs } from './run-logs.ts';

interface Described {
  readonly stamp: Stamp;
  readonly summary: Omit<RunSummary, 'folderId'>;
}

/** What tells that nothing of a run has changed, and nothing of its record. */
interface Stamp {
  readonly all: string;
  readonly record: string;
}

function stampOf(path: string, embeddings: string): Stamp {
  const own = ['config.json', 'app.json', 'metrics.jsonl', 'checkpoints', 'evaluations'].map((name) => join(path, name));
  const parts = [...own, embeddings].map((place) => {
    const stats = statSync(place, { throwIfNoEntry: false });
    return stats ? `${stats.mtimeMs}:${stats.size}` : '';
  });
  return { all: parts.join(' '), record: parts[0]! };
}

/** The state of a run that nothing trains. */
export function restingState(record: Pick<RunRecord, 'imported'>, log: RunLog, problem: string | undefined): RunState {
  if (record.imported !== undefined) return problem === undefined ? 'done' : 'failed';
  const end = log.events.findLast(({ type }) => type === 'finished' || type === 'started');
  if (end?.type === 'finished' && end.reason === 'done') return 'done';
  return problem === undefined ? 'stopped' : 'failed';
}

/** Of imported weights that are not there, as earlier versions left them where an import was cut short. */
const withoutWeights =
  'Its weights are not there: their import was cut short, or they were deleted. Delete this run, then import them again.';

/** None where other images judge since the best checkpoint: the baselines are theirs. */
function scoreOf({ events }: RunLog): RunSummary['score'] {
  const baselines = events.findLast((event) => event.type === 'baselines');
  const best = events.findLast((event) => event.type === 'evaluation' && event.best);
  if (baselines?.type !== 'baselines' || best?.type !== 'evaluation') return undefined;
  if (!baselinesFor(best, { baselines, judgedSince: judgedSince(events) })) return undefined;
  return {
    task: best.whitened.knn === undefined ? 'retrieval' : 'knn',
    run: decidingScore(best),
    pixels: decidingScore(baselines.pixels),
    untrained: decidingScore(baselines.untrained),
  };
}

/** Step of the best evaluation whose checkpoint is there. */
function bestOf(log: RunLog, checkpoints: readonly number[]): number | undefined {
  // The newest is logged some seconds before its checkpoint is written.
  const best = log.events.findLast((event) => event.type === 'evaluation' && event.best && checkpoints.includes(event.step));
  return best?.type === 'evaluation' ? best.step : undefined;
}

export class RunStore {
  readonly studio: Studio;
  readonly logs = new RunLogs();
  readonly #described = new Map<string, Described>();
  /** Bytes of runs that are being trained, with the checkpoints that there were: nearly all of a run's size comes and goes with them. */
  readonly #sizes = new Map<string, { readonly checkpoints: string; readonly bytes: number }>();

  constructor(studio: Studio) {
    this.studio = studio;
  }

  /** Folder of a run by its name. Throws `bad-input` for what is no name, `not-found`. */
  path(name: string): string {
    const path = newRunPath(this.studio.home, name);
    if (!existsSync(join(path, 'config.json')))
      throw new AppError(
        'not-found',
        `There is no run called '${name}'.`,
        'It may have been renamed or deleted: look at the list of runs.',
      );
    return path;
  }

  names(): readonly string[] {
    return runNames(this.studio.home);
  }

  /** Path of the catalogued folder that a run learns from. Throws `bad-input` for an imported run, `not-found`. */
  folder(name: string): string {
    const { imported, folder } = readRecord(this.path(name));
    if (imported !== undefined)
      throw new AppError('bad-input', `The run ${name} was imported and has no folder of its own.`, 'Choose the folder to judge it on.');
    return folderOf(this.studio.library, folder).path;
  }

  async log(name: string): Promise<RunLog> {
    return this.logs.get(this.path(name));
  }

  /** File of a checkpoint: `best` (else the latest), `latest`, or a step. Throws `not-found`. */
  async checkpoint(name: string, which: string): Promise<string> {
    const path = this.path(name);
    if (which !== 'best') return checkpointOf(path, which);
    const steps = listCheckpoints(path).map(({ step }) => step);
    const best = bestOf(await this.logs.get(path), steps);
    return checkpointOf(path, best === undefined ? 'latest' : String(best));
  }

  /** A run that nothing trains now; `active` describes one that is being trained. */
  async summary(name: string, active?: { readonly state: RunState; readonly step: number }): Promise<RunSummary> {
    const path = this.path(name);
    const stamp = stampOf(path, this.studio.home.embeddings);
    let described = this.#described.get(name);
    // While it trains its files change all the time: they are not looked through again at every step. Its record is settled once, before its first step.
    const isKnown = active ? described?.stamp.record === stamp.record : described?.stamp.all === stamp.all;
    if (!isKnown) {
      described = { stamp, summary: await this.#describe(name, path) };
      this.#described.set(name, described);
    }
    const { summary } = described!;
    const { id } = findFolder(this.studio.library, summary.folder) ?? {};
    if (!active) return { ...summary, folderId: id };
    const { problem: _past, score: _former, ...rest } = summary;
    const checkpoints = listCheckpoints(path).map(({ step }) => step);
    const log = await this.logs.get(path);
    const score = scoreOf(log);
    return {
      ...rest,
      ...(score && { score }),
      bytes: await this.#growingSize(name, path, checkpoints),
      state: active.state,
      step: Math.max(active.step, checkpoints.at(-1) ?? 0),
      checkpoints,
      bestStep: bestOf(log, checkpoints),
      note: readAppFile(path).note,
      folderId: id,
    };
  }

  /** Bytes of a run with its vectors. */
  async #size(name: string, path: string): Promise<number> {
    const places = [path, ...vectorsOf(this.studio.home, name, this.names())];
    return (await Promise.all(places.map(bytesBelow))).reduce((sum, one) => sum + one, 0);
  }

  async #growingSize(name: string, path: string, checkpoints: readonly number[]): Promise<number> {
    const known = this.#sizes.get(name);
    const now = checkpoints.join();
    if (known?.checkpoints === now) return known.bytes;
    const bytes = await this.#size(name, path);
    this.#sizes.set(name, { checkpoints: now, bytes });
    return bytes;
  }

  async #describe(name: string, path: string): Promise<Described['summary']> {
    const bytes = await this.#size(name, path);
    const { note, problem: noted } = readAppFile(path);
    const checkpoints = listCheckpoints(path).map(({ step }) => step);
    const log = await this.logs.get(path);
    let record: RunRecord;
    try {
      record = readRecord(path);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const none = { created: '', folder: '', step: checkpoints.at(-1) ?? 0, steps: 0, images: 0, imported: false, bestStep: undefined };
      return { ...none, name, note, state: 'failed', problem: `${error.message} ${error.hint}`, bytes, checkpoints };
    }
    const lost = checkpoints.length === 0 ? withoutWeights : undefined;
    const problem = record.imported === undefined ? noted : lost;
    const state = restingState(record, log, problem);
    const score = scoreOf(log);
    return {
      name,
      created: record.created,
      note,
      folder: record.folder,
      state,
      ...(state === 'failed' && problem !== undefined && { problem }),
      step: checkpoints.at(-1) ?? 0,
      steps: record.steps,
      images: record.images,
      imported: record.imported !== undefined,
      bytes,
      bestStep: bestOf(log, checkpoints),
      checkpoints,
      ...(score && { score }),
    };
  }

  /** Forgets what is known of a run that is renamed or deleted. */
  forget(name: string): void {
    this.#described.delete(name);
    this.#sizes.delete(name);
    this.logs.forget(join(this.studio.home.runs, name));
  }

  /** Whether a name is free for a run. Throws `bad-input` for what is no name. */
  isFree(name: string): boolean {
    const path = newRunPath(this.studio.home, name);
    return !existsSync(path) || readdirSync(path).length === 0;
  }
}
