import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { smallRecord } from '../../training/testing/small-run.ts';
import { learnedFrom, wasChosenOtherwise } from './learned-from.ts';

const runs = mkdtempSync(join(tmpdir(), 'ijepa-learned-'));
afterAll(() => rmSync(runs, { recursive: true }));

function run(name: string, folder: string, from?: string): string {
  mkdirSync(join(runs, name));
  const begun = from === undefined ? { labels: 'these' } : { from: { run: from, step: 3, checkpoint: '' } };
  writeFileSync(join(runs, name, 'config.json'), JSON.stringify({ ...smallRecord(), name, folder, ...begun }));
  return join(runs, name);
}
const of = (path: string, root: string, now: { fingerprint?: string; labels?: string } = {}): string =>
  learnedFrom(runs, path, root, { fingerprint: smallRecord().fingerprint, labels: 'these', ...now });

it('a run has learned from its own folder, and from no other as far as all it began with is known', () => {
  const own = run('own', '/pictures/cells');
  expect([of(own, '/pictures/cells'), of(own, '/pictures/plants')]).toEqual(['here', 'elsewhere']);
  expect(of(own, '/pictures/cells', { fingerprint: 'of other images' })).toBe('changed');
  expect(of(own, '/pictures/cells', { labels: 'others' })).toBe('changed');
  // With images in common.
  expect([of(own, '/pictures'), of(own, '/pictures/cells/new')]).toEqual(['unknown', 'unknown']);

  const second = run('second', '/pictures/plants', 'own');
  const third = run('third', '/stones', 'second');
  expect([of(third, '/stones'), of(third, '/pictures/cells'), of(third, '/pictures/plants'), of(third, '/shells')]).toEqual([
    'here',
    'unknown',
    'unknown',
    'elsewhere',
  ]);
  rmSync(second, { recursive: true });
  expect(of(third, '/shells')).toBe('unknown');
});

it('imported weights have learned from nobody’s folder', () => {
  expect(of(run('imported', ''), '/pictures')).toBe('elsewhere');
});

it('a run of an earlier version has made its choices by others than are asked now, if it made any by labels', () => {
  const path = run('chosen', '/pictures/cells');
  const log = (...scores: readonly object[]): void =>
    writeFileSync(
      join(path, 'metrics.jsonl'),
      scores.map((score) => `${JSON.stringify({ type: 'evaluation', step: 1, ...score })}\n`).join(''),
    );
  expect(wasChosenOtherwise(path)).toBe(false);
  log({ whitened: { knn: 0.5 }, asked: 'these' }, { whitened: { retrieval: 0.5 } });
  expect(wasChosenOtherwise(path)).toBe(false);
  log({ whitened: { knn: 0.5 }, asked: 'these' }, { whitened: { knn: 0.5 } });
  expect(wasChosenOtherwise(path)).toBe(true);
});
