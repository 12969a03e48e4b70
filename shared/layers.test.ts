import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allowedImports, allowedPackages } from './layers.ts';

const root = join(import.meta.dirname, '..');
const sources = globSync('{shared,src-main,src-renderer}/**/*.{ts,js,svelte}', { cwd: root }).filter(
  (file) => !file.endsWith('.test.ts') && !(file.startsWith('src-main/') && file.includes('/testing/')),
);
const pattern =
  /(?:import|export)\s+(type\s)?[^'";]*?from\s*'([^']+)'|import\s*\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'|new URL\('(\.[^']+\.ts)'/gm;

interface Import {
  readonly file: string;
  readonly target: string;
  /** Whether it is the entry of another process or thread, which is started and not imported. */
  readonly spawned: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    target: match[2] ?? match[3] ?? match[4] ?? match[5]!,
    spawned: match[5] !== undefined,
  }));
}

/** The second level where there is one: rooms of `src-main` and of the page. */
const folderOf = (file: string): string => {
  const [first, second, ...rest] = file.split('/');
  return first === 'src-main' || (first === 'src-renderer' && rest.length > 0) ? `${first}/${second}` : first!;
};
const resolve = (one: Import): string => normalize(join(dirname(one.file), one.target));
const imports = sources.flatMap(importsOf);
const local = imports.filter((one) => one.target.startsWith('.'));

describe('the plan of the house', () => {
  it('finds the sources and their imports', () => {
    expect(sources.length).toBeGreaterThan(5);
    expect(local.length).toBeGreaterThan(5);
  });

  it('names a row for every folder', () => {
    expect([...new Set(sources.map(folderOf))].filter((folder) => !(folder in allowedImports))).toEqual([]);
  });

  it('has no import that the table does not allow', () => {
    const forbidden = local.filter((one) => {
      const [from, to] = [folderOf(one.file), folderOf(resolve(one))];
      return from !== to && !allowedImports[from]!.includes(to);
    });
    expect(forbidden).toEqual([]);
  });

  it('loads each guarded package only in its own folder', () => {
    const forbidden = imports.filter((one) => {
      const owners = allowedPackages[one.target];
      return owners !== undefined && !owners.includes(folderOf(one.file));
    });
    expect(forbidden).toEqual([]);
  });

  it('has no cycle, of types neither', () => {
    const edges = new Map<string, string[]>();
    for (const one of local) if (!one.spawned) edges.set(one.file, [...(edges.get(one.file) ?? []), resolve(one)]);
    const done = new Set<string>();
    const cycles: string[][] = [];
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file]);
      if (done.has(file) || path.includes(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
