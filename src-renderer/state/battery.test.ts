// A run pauses when the computer is unplugged and goes on when it is plugged in, where that is wanted.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import type { RunState } from '../../shared/run-state.ts';
import { BatteryPause } from './battery.svelte.ts';

/** A storage that lives as long as a test. */
function storage(): Pick<Storage, 'getItem' | 'setItem'> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}
beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('sessionStorage', storage());
});
afterEach(() => vi.unstubAllGlobals());

function computer(
  states: Record<string, RunState>,
  begin = false,
): {
  power: (onBattery: boolean) => void;
  asked: string[];
  battery: BatteryPause;
  states: Record<string, RunState>;
} {
  let tell: (onBattery: boolean) => void = () => {};
  const asked: string[] = [];
  const battery = new BatteryPause({
    face: {
      onPower: (handler) => {
        tell = handler;
        handler(begin);
        return () => {};
      },
    },
    runs: () => Object.entries(states).map(([name, state]) => ({ name, state }) as RunSummary),
    control: async (run, action) => {
      asked.push(`${action} ${run}`);
      states[run] = action === 'pause' ? 'paused' : 'training';
    },
  });
  return { power: (onBattery) => tell(onBattery), asked, battery, states };
}

describe('on battery', () => {
  it('pauses what trains, and goes on with that alone', () => {
    const { power, asked, battery } = computer({ a: 'training', b: 'paused', c: 'done' });
    battery.set(true);
    power(true);
    expect(asked).toEqual(['pause a']);
    power(false);
    expect(asked).toEqual(['pause a', 'continue a']);
  });

  it('does nothing unless it is wanted', () => {
    const { power, asked, battery } = computer({ a: 'training' });
    battery.set(false);
    power(true);
    power(false);
    expect(asked).toEqual([]);
  });

  it('acts at once when it is turned on without a plug, and undoes it when turned off', () => {
    const { power, asked, battery } = computer({ a: 'training' });
    power(true);
    battery.set(true);
    battery.set(false);
    expect(asked).toEqual(['pause a', 'continue a']);
  });

  it('leaves alone what was stopped meanwhile', () => {
    const { power, asked, battery, states } = computer({ a: 'training' });
    battery.set(true);
    power(true);
    states['a'] = 'stopped';
    power(false);
    expect(asked).toEqual(['pause a']);
  });

  it('pauses what begins to train meanwhile, each run once, so that a person can go on with it', () => {
    const { power, asked, battery, states } = computer({ a: 'preparing' });
    battery.set(true);
    power(true);
    expect(asked).toEqual([]);
    states['a'] = 'training';
    battery.obey();
    battery.obey();
    expect(asked).toEqual(['pause a']);
    states['a'] = 'training';
    battery.obey();
    expect(asked).toEqual(['pause a']);
    // What the person paused by hand afterwards is the person's.
    states['a'] = 'paused';
    battery.obey();
    power(false);
    expect(asked).toEqual(['pause a']);
    states['a'] = 'training';
    power(true);
    expect(asked).toEqual(['pause a', 'pause a']);
  });

  it('goes on over a reload of the page, with a run that pauses only after the power is back too', () => {
    const first = computer({ a: 'training', b: 'training' });
    first.battery.set(true);
    first.power(true);
    const second = computer({ a: 'paused', b: 'training' }, false);
    expect(second.asked).toEqual(['continue a']);
    second.states['b'] = 'paused';
    second.battery.obey();
    expect(second.asked).toEqual(['continue a', 'continue b']);
    expect(computer({ a: 'paused' }, false).asked).toEqual([]);
  });
});
