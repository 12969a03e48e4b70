// A whole engine in the page, for looking at views without one: typed by the same contract, answered by the same server. Only pages of
// this folder load it; `never-ships.test.ts` follows the imports of the app and finds none of it there.
import { contract } from '../../shared/contract/contract.ts';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { PagePort } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
import { serve } from '../../shared/contract/rpc-server.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { AppError } from '../../shared/errors.ts';
import { fakeDuplicates } from './fake-duplicates.ts';
import { fakeExplore, sourcesOfAll } from './fake-explore.ts';
import { fakeExports } from './fake-exports.ts';
import { FakeJobs } from './fake-jobs.ts';
import { fakeLibrary, foldersOfAll } from './fake-library.ts';
import { fakeMaps } from './fake-map.ts';
import { fakeMasks } from './fake-masks.ts';
import { runsOfAll } from './fake-run-list.ts';
import { fakeRuns } from './fake-runs.ts';
import type { Pace } from './fake-runs.ts';
import { fakeSystem } from './fake-system.ts';
import { fakeWeights } from './fake-weights.ts';
import { inPagePorts } from './in-page-port.ts';
import { Tags } from './synthetic-images.ts';

/**
 * `empty`: nothing was ever opened · `fresh`: a folder, no run, no vectors · `loading`: lists are there, all else never answers ·
 * `error`: lists are there, all else fails · `crashed`: the engine ends and starts again every few seconds · `full`.
 */
export const scenarios = ['empty', 'fresh', 'loading', 'error', 'crashed', 'full'] as const;
export type Scenario = (typeof scenarios)[number];

/** What the frame itself needs, so that a view can be seen in a state of its own. */
const lists: readonly (keyof AppContract)[] = ['library.folders', 'runs.list', 'runs.watch', 'jobs.watch', 'jobs.wait', 'jobs.cancel'];

/** The handlers, with what is no list replaced by `instead`. */
function onlyLists(handlers: Handlers<AppContract>, instead: () => Promise<never>): Handlers<AppContract> {
  const names = Object.keys(contract) as (keyof AppContract)[];
  return Object.fromEntries(
    names.map((name) => [name, lists.includes(name) ? handlers[name] : instead]),
  ) as unknown as Handlers<AppContract>;
}

function handlersOf(scenario: Scenario, pace: Pace): Handlers<AppContract> {
  const jobs = new FakeJobs();
  const tags = new Tags();
  const nothing = scenario === 'empty';
  const bare = nothing || scenario === 'fresh';
  if (!bare)
    jobs.add({
      kind: 'export',
      subject: 'stained-cells-1',
      state: 'failed',
      progress: { done: 31_000, total: 99_952, unit: 'rows', rate: 0 },
      detail: '',
      startedAt: Date.now() - 90_000,
      endedAt: Date.now() - 60_000,
      error: { code: 'disk-full', message: 'The disk is full (/media/ada/archive).', hint: 'Free some space and start again.' },
    });
  const handlers = {
    ...fakeSystem(jobs),
    ...fakeMasks(),
    ...jobs.handlers,
    ...fakeLibrary(nothing ? [] : foldersOfAll, jobs, tags),
    ...fakeExplore(bare ? [] : sourcesOfAll, jobs),
    ...fakeMaps(jobs),
    ...fakeDuplicates(bare ? [] : sourcesOfAll, jobs, tags),
    ...fakeExports(jobs),
    ...fakeRuns(bare ? [] : runsOfAll, jobs, pace),
    ...fakeWeights(jobs),
  };
  if (scenario === 'loading') return onlyLists(handlers, () => new Promise(() => {}));
  if (scenario === 'error')
    return onlyLists(handlers, () =>
      Promise.reject(new AppError('locked', 'The catalogue is in use by another program.', 'Close the other program and try again.')),
    );
  return handlers;
}

/** A connection to a fake engine in the given state. */
export function connectToFakeEngine(scenario: Scenario, pace: Pace = {}): PagePort {
  const { page, engine } = inPagePorts();
  serve(engine, contract, handlersOf(scenario, pace));
  const say = (state: 'ready' | 'crashed' | 'starting', reason?: string): void =>
    engine.send({ type: 'engine', state, protocol: protocolVersion, ...(reason !== undefined && { reason }) });
  say('ready');
  if (scenario === 'crashed') {
    say('crashed', 'was ended by the system: there was no memory left');
    setInterval(() => say('starting'), 9000);
  }
  return page;
}
