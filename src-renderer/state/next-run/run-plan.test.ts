import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { EngineState } from '../../../shared/contract/messages.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { AppError } from '../../../shared/errors.ts';
import { PlannedSettings } from './run-plan.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** An engine that is away or answers what the test says. */
function planned() {
  const watchers = new Set<(state: EngineState) => void>();
  const engine = {
    state: 'ready' as EngineState,
    asked: [] as unknown[],
    fromWeights: [] as unknown[],
    answer: (): unknown => ({ config: {} }),
  };
  const client = {
    watch: (watcher: (state: EngineState) => void) => {
      watchers.add(watcher);
      watcher(engine.state);
      return () => watchers.delete(watcher);
    },
    call: async (_channel: string, { settings, fromWeights }: { settings: unknown; fromWeights: unknown }) => {
      engine.asked.push(settings);
      engine.fromWeights.push(fromWeights);
      if (engine.state !== 'ready') throw new AppError('engine-crashed', 'The engine is not there.', 'Wait for it.');
      return Promise.resolve(engine.answer());
    },
  };
  const become = (state: EngineState): void => {
    engine.state = state;
    for (const watcher of watchers) watcher(state);
  };
  return { engine, become, watchers, settings: new PlannedSettings(client as unknown as RpcClient<AppContract>) };
}
const settled = async (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

it('asks again when the engine is back, which is no problem of the settings', async () => {
  const { engine, become, watchers, settings } = planned();
  settings.ask(1, {});
  await settled();
  expect([settings.plan !== undefined, settings.busy]).toEqual([true, false]);
  become('starting');
  settings.ask(1, { epochs: 3 });
  await settled();
  expect([settings.problem, settings.busy]).toEqual([undefined, true]);
  become('crashed');
  become('ready');
  await settled();
  expect([settings.problem, settings.busy]).toEqual([undefined, false]);
  expect(engine.asked).toEqual([{}, { epochs: 3 }, { epochs: 3 }]);
  expect(watchers.size).toBe(0);
});

it('asks only what was asked last, and nothing once nobody looks', async () => {
  const { engine, become, watchers, settings } = planned();
  become('starting');
  settings.ask(1, { epochs: 3 });
  await settled();
  settings.ask(1, { epochs: 4 });
  await settled();
  become('ready');
  await settled();
  expect(engine.asked).toEqual([{}, {}, {}, { epochs: 4 }]);
  become('starting');
  settings.ask(1, { epochs: 5 });
  await settled();
  settings.dispose();
  become('ready');
  await settled();
  expect(engine.asked).toHaveLength(5);
  expect(watchers.size).toBe(0);
});

it('says what is wrong with settings', async () => {
  const { engine, settings } = planned();
  settings.ask(1, {});
  await settled();
  engine.answer = () => {
    throw new AppError('bad-config', 'patchSize: too large', 'Choose less.');
  };
  settings.ask(1, { patchSize: 99 });
  await settled();
  expect([settings.problem?.key, settings.busy]).toEqual(['patchSize', false]);
});

it('keeps in mind that the run begins with weights, also when the engine was away', async () => {
  const { engine, become, settings } = planned();
  become('starting');
  settings.ask(1, { epochs: 3 }, true);
  await settled();
  become('ready');
  await settled();
  expect(engine.fromWeights).toEqual([true, true, true]);
});

it('suggests another plan for a run that begins with weights than for one that does not', async () => {
  const { engine, settings } = planned();
  for (const fromWeights of [false, true, true, false]) {
    settings.ask(1, {}, fromWeights);
    await settled();
  }
  expect(engine.fromWeights).toEqual([false, true, false]);
});

it('asks anew for what is suggested once it is to be forgotten, and shows it until then', async () => {
  const { engine, settings } = planned();
  settings.ask(1, {});
  await settled();
  engine.answer = () => ({ config: { preset: 'default' } });
  settings.ask(1, {});
  await settled();
  expect([engine.asked.length, settings.plan?.config.preset]).toEqual([1, undefined]);
  settings.forgetSuggested();
  expect(settings.suggested).toBeDefined();
  settings.ask(1, {});
  await settled();
  expect([settings.plan?.config.preset, settings.suggested?.config.preset]).toEqual(['default', 'default']);
});
