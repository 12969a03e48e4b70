// A run pauses when the computer is unplugged and goes on when it is plugged in, where that is wanted.
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../shared/contract-runs.ts';
import type { RunState } from '../../shared/run-state.ts';
import { BatteryPause } from './battery.svelte.ts';

function computer(states: Record<string, RunState>): {
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
        handler(false);
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
});
