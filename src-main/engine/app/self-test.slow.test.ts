import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../trainer/testing/processes.ts';
import { openEngine } from './testing/open-engine.ts';

it('A test of the devices ends when it is cancelled, and the next one passes and is known from then on', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ijepa-self-test-'));
  const { engine, page } = openEngine(home);
  try {
    const { jobs } = engine.context;
    const cancel = new AbortController();
    const asked = page.call('system.testDevices', {}, { signal: cancel.signal });
    asked.catch(() => {});
    await until('its beginning', () => jobs.list()[0]?.detail === 'Testing the processor.');
    cancel.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    await until('the end of the job', () => jobs.list()[0]?.state === 'cancelled');
    const [cpu] = await page.call('system.testDevices', {});
    expect(cpu).toMatchObject({ id: 'cpu', state: 'ready' });
    expect(cpu!.deviation).toBeLessThan(1e-4);
    expect(cpu!.matmulRate).toBeGreaterThan(1);
    expect((await page.call('system.info', {})).devices[0]).toEqual(cpu);
  } finally {
    await engine.dispose();
    rmSync(home, { recursive: true, force: true });
  }
});

it('The time of usual runs is found out by a few real steps, once, and stays known', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ijepa-usual-times-'));
  const { engine, page } = openEngine(home);
  try {
    const found = (await page.call('system.usualTimes', {}))!;
    const secondsOf = (preset: string, pictures: string): number =>
      found.times.find((one) => one.preset === preset && one.pictures === pictures)!.seconds;
    expect(found.atMost).toBe(false);
    expect(secondsOf('quick', 'small')).toBeGreaterThan(1);
    expect(Math.abs(secondsOf('default', 'small') / secondsOf('quick', 'small') - 7.25)).toBeLessThan(0.2);
    expect(secondsOf('quick', 'photographs')).toBeCloseTo(secondsOf('quick', 'small'), 6);
    // Their operations are hardly more, their convolutions look at sixteen times the pixels.
    expect(secondsOf('default', 'photographs')).toBeGreaterThan(1.2 * secondsOf('default', 'small'));
    expect(await page.call('system.usualTimes', {})).toEqual(found);
  } finally {
    await engine.dispose();
    rmSync(home, { recursive: true, force: true });
  }
});
