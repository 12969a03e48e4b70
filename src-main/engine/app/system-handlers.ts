// Answers of the channels about the machine, the disk and its folders.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, release, type } from 'node:os';
import { join } from 'node:path';
import type { systemChannels, SystemInfo } from '../../../shared/contract/contract-system.ts';
import type { Handlers } from '../../../shared/contract/rpc-server.ts';
import { deviceNames } from '../../../shared/devices.ts';
import type { DeviceReport } from '../../../shared/devices.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import { programVersion } from '../../../shared/version.ts';
import { memoryThere, memoryToUse } from '../../files/memory.ts';
import { imageLibraryVersion } from '../../images/version.ts';
import { sqliteVersion } from '../../library/version.ts';
import { missingDriver } from '../devices/candidates.ts';
import { tensorflowOffer } from '../devices/install-tensorflow.ts';
import { getToKnow, usualTimes } from '../runs/pace.ts';
import { bytesBelow } from '../storage.ts';
import type { Studio } from '../studio.ts';
import type { EngineContext } from './context.ts';
import { listFolder } from './folders/folder-listing.ts';
import { installJob } from './install-job.ts';
import type { Thumbnails } from './thumbnails/thumbnails.ts';

const processor = (): string => cpus()[0]?.model.trim() || 'unknown processor';

async function describeMachine({ home, devices }: Studio): Promise<SystemInfo> {
  const found = await devices.list();
  return {
    program: programVersion,
    home: home.path,
    platform: `${type()} ${release()} ${process.arch}`,
    processor: processor(),
    cores: availableParallelism(),
    memoryTotal: memoryThere(),
    memoryFree: memoryToUse(),
    versions: { node: process.versions.node, sharp: imageLibraryVersion(), sqlite: sqliteVersion() },
    ...found,
    tensorflow: tensorflowOffer(home, found.cards),
    missingDriver: missingDriver(found.cards),
  };
}

/** What came of a test of all devices, as a sentence; one that failed beside another program is neither right nor wrong. */
export function testResult(reports: readonly DeviceReport[]): string {
  const names = (wanted: DeviceReport['state']): string =>
    reports.flatMap(({ id, state }) => (state === wanted ? [deviceNames[id]] : [])).join(', ');
  const [wrong, open] = [names('failed'), names('untested')];
  if (wrong === '' && open === '') return 'All devices that are there compute right.';
  return [wrong && `Not usable: ${wrong}.`, open && `To be tested again: ${open}.`].filter(Boolean).join(' ');
}

/** As a job, so that every page sees that it waits for the trainer or runs, and can end it. */
async function testDevices({ jobs, studio }: EngineContext, signal: AbortSignal): Promise<readonly DeviceReport[]> {
  let reports: readonly DeviceReport[] = [];
  const job = jobs.start('self-test', { subject: processor(), queue: 'trainer' }, async (handle) => {
    reports = await studio.devices.test(undefined, { signal: handle.signal, onStage: (stage) => handle.say(stage) });
    return testResult(reports);
  });
  signal.addEventListener('abort', () => jobs.cancel(job));
  await jobs.wait(job);
  return reports;
}

/** Deletes the decode cache. Throws `locked` while a job may use it. */
async function clearCache({ jobs, studio }: EngineContext, thumbnails: Thumbnails): Promise<{ readonly freed: number }> {
  const { home } = studio;
  const cleared = join(home.path, 'cleared-cache');
  try {
    await rm(cleared, { recursive: true, force: true });
    const freed = await bytesBelow(home.cache);
    await thumbnails.closeCaches();
    const busy = jobs.list().find(({ state, kind }) => (state === 'running' || state === 'waiting') && kind !== 'self-test');
    if (busy)
      throw new AppError(
        'locked',
        `The decoded images are in use (${busy.subject}).`,
        'Wait for that work to end or cancel it, then clear them.',
      );
    // In one turn, so that no job begins with a cache that is being deleted.
    if (existsSync(home.cache)) renameSync(home.cache, cleared);
    mkdirSync(home.cache, { recursive: true });
    await rm(cleared, { recursive: true, force: true });
    return { freed };
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

export const systemHandlers = (context: EngineContext, thumbnails: Thumbnails): Handlers<typeof systemChannels> => {
  const { jobs } = context;
  const { home } = context.studio;
  /** Two pages may ask at once: the second finds what the first has left. */
  let clearing: Promise<unknown> = Promise.resolve();
  return {
    'system.info': async () => describeMachine(context.studio),
    'system.usualTimes': async (_input, { signal }) => {
      const { devices } = context.studio;
      // Beside a job it would measure that, too.
      if (!jobs.list().some(({ state }) => state === 'running')) await getToKnow(devices, signal);
      return usualTimes(devices);
    },
    'system.testDevices': async (_input, { signal }) => testDevices(context, signal),
    'system.installTensorflow': async ({ library, binding }) => installJob(context, { library, binding }),
    'system.storage': async () => {
      const [cache, embeddings, runs] = await Promise.all([home.cache, home.embeddings, home.runs].map(bytesBelow));
      const { bavail, bsize } = await statfs(home.path);
      return { home: home.path, cache: cache!, embeddings: embeddings!, runs: runs!, free: bavail * bsize };
    },
    'system.clearCache': async () => {
      const cleared = clearing.then(async () => clearCache(context, thumbnails));
      clearing = cleared.catch(() => undefined);
      return cleared;
    },
    'system.folders': async ({ path, files }) => listFolder(context.roots, path, files),
  };
};
