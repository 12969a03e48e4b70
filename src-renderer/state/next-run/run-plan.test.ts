import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AppContract } from '../../../shared/contract.ts';
import { AppError } from '../../../shared/errors.ts';
import type { EngineState } from '../../../shared/messages.ts';
import type { RpcClient } from '../../../shared/rpc-client.ts';
import { PlannedSettings } from './run-plan.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** An engine that is away or answers what the test says. */
function planned() {
  const watchers = new Set<(state: EngineState) => void>();
  const engine = { state: 'ready' as EngineState, asked: [] as unknown[], answer: (): unknown => ({ config: {} }) };
  const client = {
    watch: (watcher: (state: EngineState) => void) => {
      watchers.add(watcher);
      watcher(engine.state);
      return () => watchers.delete(watcher);
    },
    call: async (_channel: string, { settings }: { settings: unknown }) => {
      engine.asked.push(settings);
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
