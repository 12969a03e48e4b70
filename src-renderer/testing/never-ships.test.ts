import { readFileSync, existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const renderer = join(import.meta.dirname, '..');
const pattern = /(?:from\s*|import\s*\(\s*|import\s+)'(\.[^']+)'/g;

/** All files that a page loads, by its imports, static and lazy. */
function reachable(entry: string): Set<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file) || !existsSync(file)) return;
    found.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(pattern)) visit(join(dirname(file), target!));
  };
  visit(entry);
  return found;
}

describe('the fake engine', () => {
  it('is in no page but its own', () => {
    const app = [...reachable(join(renderer, 'main.ts'))].map((file) => relative(renderer, file));
    expect(app).toContain('views/Shell.svelte');
    expect(app.filter((file) => file.startsWith('testing/'))).toEqual([]);
  });

  it('is found by the same search where it is', () => {
    expect(reachable(join(renderer, 'testing/main.ts'))).toContain(join(renderer, 'testing/fake-engine.ts'));
  });
});
