import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../trainer/testing/processes.ts';
import { openEngine } from './testing/open-engine.ts';

it('A self-test that runs ends when it is cancelled, and the next one passes', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ijepa-self-test-'));
  const { engine, page } = openEngine(home);
  try {
    const { trainer } = engine.context.studio;
    const cancel = new AbortController();
    const asked = page.call('system.selfTest', {}, { signal: cancel.signal });
    asked.catch(() => {});
    await until('its process', () => trainer.pid !== undefined);
    const { pid } = trainer;
    cancel.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    await until('the end of the job', () => engine.context.jobs.list()[0]?.state === 'cancelled');
    expect(trainer.pid).not.toBe(pid);
    expect(await page.call('system.selfTest', {})).toMatchObject({ passed: true });
  } finally {
    await engine.dispose();
    rmSync(home, { recursive: true, force: true });
  }
});
