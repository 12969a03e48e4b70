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

/** What a README names: files, some at once as `{a,b}-x.ts` or `*-x.ts`, and folders with all that is in them. */
function namesIn(readme: string): readonly RegExp[] {
  const words = [...readme.matchAll(/`([\w.*/{},-]+)`/g)].map(([, word]) => word!);
  return words.map((word) => {
    const pattern = word
      .replaceAll('.', '\\.')
      .replaceAll('*', '[^/]*')
      .replace(/\{([^}]*)\}/, (_, names: string) => `(${names.replaceAll(',', '|')})`)
      .replace(/\/$/, '/.*');
    return new RegExp(`/${pattern}$`);
  });
}

/** Paths of a graph that come back to where they began. */
function cyclesOf(pairs: readonly (readonly [from: string, to: string])[]): string[][] {
  const edges = new Map<string, Set<string>>();
  for (const [from, to] of pairs) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (place: string, path: string[]): void => {
    if (path.includes(place)) cycles.push([...path.slice(path.indexOf(place)), place]);
    if (done.has(place) || path.includes(place)) return;
    for (const next of edges.get(place) ?? []) visit(next, [...path, place]);
    done.add(place);
  };
  for (const place of edges.keys()) visit(place, []);
  return cycles;
}

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

  it('names every file in the README of its room', () => {
    const files = globSync('{{shared,src-main}/**,bench}/*.ts', { cwd: root }).filter(
      (file) => !/\.(test|d)\.ts$/.test(file) && !file.includes('/testing/'),
    );
    const named = new Map(
      [...new Set(files.map(folderOf))].map((room) => [room, namesIn(readFileSync(join(root, room, 'README.md'), 'utf8'))]),
    );
    expect(named.size).toBeGreaterThan(15);
    expect(files.filter((file) => !named.get(folderOf(file))!.some((name) => name.test(file)))).toEqual([]);
  });

  it('has no cycle, of types neither', () => {
    expect(cyclesOf(local.filter((one) => !one.spawned).map((one) => [one.file, resolve(one)]))).toEqual([]);
  });

  // What lies in the room itself, beside its folders, may both use them and be used by them.
  it('has no cycle of folders inside a room', () => {
    const isWithin = (folder: string, other: string): boolean => `${folder}/`.startsWith(`${other}/`);
    const edges = local
      .map((one) => [dirname(one.file), dirname(resolve(one))] as const)
      .filter(([from, to]) => !isWithin(from, to) && !isWithin(to, from));
    expect(edges.length).toBeGreaterThan(100);
    expect(cyclesOf(edges)).toEqual([]);
  });
});
