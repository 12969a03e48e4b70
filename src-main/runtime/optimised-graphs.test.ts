import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { throughOptimised } from './optimised-graphs.ts';
import type { MakeSession } from './optimised-graphs.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ijepa-graphs-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const graph = Buffer.from('a graph');
const optimised = `optimised: ${graph.toString()}`;

/** Stands for onnxruntime: writes what it is asked to, and says what it was given. */
const make: MakeSession<string> = async (bytes, { graphOptimizationLevel = 'basic', optimizedModelFilePath }) => {
  const text = Buffer.from(bytes).toString();
  if (optimizedModelFilePath !== undefined) writeFileSync(optimizedModelFilePath, `optimised: ${text}`);
  return Promise.resolve(`${graphOptimizationLevel}, ${text}`);
};
const through = async (by = 'onnxruntime 1', with_ = make, bytes: Uint8Array = graph): Promise<string> =>
  throughOptimised(folder, bytes, by, with_);
const fresh = `basic, ${graph.toString()}`;
const kept = `disabled, ${optimised}`;
const onlyFile = (): string => {
  expect(readdirSync(folder)).toHaveLength(1);
  return join(folder, readdirSync(folder)[0]!);
};

it('optimises a graph once', async () => {
  expect(await through()).toBe(fresh);
  expect(await through()).toBe(kept);
  onlyFile();
});

it('optimises anew for another graph, and for another version of what does it', async () => {
  await through();
  expect(await through('onnxruntime 2')).toBe(fresh);
  expect(await through('onnxruntime 1', make, Buffer.from('b'))).toBe('basic, b');
  expect(readdirSync(folder)).toHaveLength(3);
});

it('makes a broken file anew', async () => {
  const breakers: ((file: string) => void)[] = [
    (file) => truncateSync(file, 40),
    (file) => truncateSync(file, 3),
    (file) => writeFileSync(file, readFileSync(file).fill(7, 35, 36)),
  ];
  for (const broken of breakers) {
    await through();
    broken(onlyFile());
    expect(await through()).toBe(fresh);
    expect(await through()).toBe(kept);
  }
});

it('makes anew what is whole but is not taken', async () => {
  await through();
  const refusing: MakeSession<string> = async (bytes, how) =>
    how.graphOptimizationLevel === 'disabled' ? Promise.reject(new Error('no')) : make(bytes, how);
  expect(await through('onnxruntime 1', refusing)).toBe(fresh);
  expect(await through()).toBe(kept);
});

it('goes without where nothing can be written, and throws what is wrong with the graph', async () => {
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'a file');
  expect(await through()).toBe(fresh);
  await expect(through('onnxruntime 1', async () => Promise.reject(new Error('no such operator')))).rejects.toThrow('no such operator');
  rmSync(folder);
  const silent: MakeSession<string> = async (bytes) => make(bytes, {});
  expect(await through('onnxruntime 1', silent)).toBe(fresh);
  expect(readdirSync(folder)).toEqual([]);
});

it('gives up what was not used for longest, remains of dead processes among it', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text.repeat(100)));
  const keep = async (bytes: Uint8Array): Promise<string> => throughOptimised(folder, bytes, 'it', make, 300);
  const daysAgo = (file: string, days: number): void => utimesSync(join(folder, file), days, Date.now() / 1000 - days * 86_400);
  await keep(a!);
  const [first] = readdirSync(folder);
  await keep(b!);
  const second = readdirSync(folder).find((file) => file !== first)!;
  writeFileSync(join(folder, 'left.onnx.1-1.part'), Buffer.alloc(10));
  daysAgo('left.onnx.1-1.part', 4);
  daysAgo(second, 3);
  daysAgo(first!, 5);
  expect(await keep(a!)).toMatch(/^disabled/);
  await keep(c!);
  expect(readdirSync(folder)).toHaveLength(2);
  expect(readdirSync(folder)).toContain(first);
});
