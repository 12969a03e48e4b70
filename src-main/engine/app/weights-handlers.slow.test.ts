import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../jepa/testing/reference-values.ts';
import { openEngine } from './testing/open-engine.ts';

const home = mkdtempSync(join(tmpdir(), 'ijepa-weights-'));
let opened: ReturnType<typeof openEngine>;
beforeAll(() => {
  opened = openEngine(home);
});
afterAll(async () => {
  await opened.engine.dispose();
  rmSync(home, { recursive: true, force: true });
});

const huggingFace = join(fixturesFolder, 'huggingface');

describe('weights from elsewhere', () => {
  it('of this computer become a run that the page sees, while the engine answers', async () => {
    const { page } = opened;
    const asked = page.call('weights.import', { path: huggingFace, name: 'theirs' });
    expect((await page.call('weights.models', {})).models.length).toBeGreaterThan(2);
    const { run, notes } = await asked;
    expect(run).toBe('theirs');
    expect(notes.join(' ')).toContain('normalised');
    const runs = await page.call('runs.list', {});
    expect(runs.find(({ name }) => name === 'theirs')).toMatchObject({ imported: true, state: 'done', checkpoints: [0] });
  });

  it('say what is wrong with them, and make no run', async () => {
    const { page } = opened;
    await expect(page.call('weights.import', { path: huggingFace, name: 'theirs' })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(page.call('weights.import', { path: home, name: 'none' })).rejects.toMatchObject({ hint: expect.any(String) as unknown });
    await expect(page.call('weights.import', { path: 'relative' })).rejects.toMatchObject({ code: 'bad-input' });
    expect((await page.call('runs.list', {})).map(({ name }) => name)).toEqual(['theirs']);
  });

  it('that are published need the licence, and are told with it', async () => {
    const { page } = opened;
    const { licence, models } = await page.call('weights.models', {});
    expect(licence.sentence).toContain('non-commercial');
    expect(models.every(({ here }) => !here)).toBe(true);
    // @ts-expect-error: without the licence there is no such call
    await expect(page.call('weights.fetch', { model: models[0]!.name, accepted: false })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(page.call('weights.fetch', { model: 'other', accepted: true })).rejects.toMatchObject({ code: 'not-found' });
  });
});
