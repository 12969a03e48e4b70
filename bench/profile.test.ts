import { expect, it } from 'vitest';
import { largestShares, readProfile, together } from './profile.ts';

const node = (index: number, operation: string, provider: string, dur: number, bytes = 4): object => ({
  cat: 'Node',
  name: `${operation}_${index}_kernel_time`,
  dur,
  args: { provider, op_name: operation, node_index: String(index), output_size: String(bytes) },
});
const session = (name: string, dur: number): object => ({ cat: 'Session', name, dur, args: {} });
const onCard = (operation: string, dur: number): object => ({ cat: 'Api', name: `token_1&${operation}&Program`, dur, args: {} });
const [cpu, webgpu] = ['CPUExecutionProvider', 'WebGpuExecutionProvider'];

/** Loading, then runs whose nodes stand before them, then what the card has timed. */
const profile = (runs: readonly (readonly object[])[], outside = 10, card: readonly object[] = []): string =>
  JSON.stringify([
    session('model_loading_array', 500),
    session('session_initialization', 500),
    ...runs.flatMap((nodes) => [
      ...nodes,
      { cat: 'Node', name: 'Add_0_fence_before', dur: 9, args: {} },
      session('SequentialExecutor::Execute', 90),
      session('model_run', 90 + outside),
    ]),
    ...card,
  ]);

it('counts nodes once, and times of the steps after the first, per step', () => {
  const run = (dur: number): object[] => [node(0, 'MatMul', cpu, dur), node(1, 'Add', cpu, 1), node(2, 'Add', cpu, 1)];
  // Two runs a step; those of the first are slow.
  const { nodes, copies, operations, outsideSeconds } = readProfile(profile([1000, 1000, 6, 6, 6, 6].map(run)), 3);
  expect(nodes).toEqual({ [cpu]: 3 });
  expect(copies).toEqual({ nodes: 0, bytes: 0, seconds: 0 });
  expect(operations['MatMul']).toBeCloseTo(12e-6, 12);
  expect(operations['Add']).toBeCloseTo(4e-6, 12);
  expect(outsideSeconds).toBeCloseTo(20e-6, 12);
});

it('tells nodes that fell back to the processor, and what is copied for them', () => {
  const run = [
    node(0, 'MatMul', webgpu, 4),
    node(5, 'MemcpyToHost', webgpu, 2, 4000),
    node(1, 'NonZero', cpu, 3),
    node(6, 'MemcpyFromHost', webgpu, 1, 1000),
  ];
  const { nodes, copies, operations } = readProfile(profile([run, run]), 2);
  expect(nodes).toEqual({ [webgpu]: 1, [cpu]: 1 });
  expect(copies).toEqual({ nodes: 2, bytes: 5000, seconds: 3e-6 });
  expect(operations).toEqual({ MatMul: 4e-6, NonZero: 3e-6 });
});

it("takes a card's own times, where it tells them, for what ran on it", () => {
  const run = [node(0, 'MatMul', webgpu, 700), node(1, 'NonZero', cpu, 3)];
  const card = [onCard('MatMul', 1000), onCard('Transpose', 1000), onCard('MatMul', 20), onCard('Transpose', 5)];
  expect(readProfile(profile([run, run], 0, card), 2).operations).toEqual({ NonZero: 3e-6, MatMul: 20e-6, Transpose: 5e-6 });
});

it('knows nothing of a session that never ran, and refuses a file that was not closed', () => {
  expect(readProfile(profile([]), 2)).toEqual(together([]));
  expect(() => readProfile(profile([]).slice(0, -1), 2)).toThrow(SyntaxError);
});

it('adds up the sessions of a step, and says what takes most of its time', () => {
  const copying = [node(0, 'MatMul', webgpu, 60), node(1, 'MemcpyToHost', webgpu, 20, 8)];
  const other = [node(0, 'MatMul', webgpu, 10), node(1, 'Add', cpu, 10)];
  const step = together([readProfile(profile([copying, copying]), 2), readProfile(profile([other, other]), 2)]);
  expect(step.nodes).toEqual({ [webgpu]: 2, [cpu]: 1 });
  expect(step.copies.bytes).toBe(8);
  expect(step.outsideSeconds).toBeCloseTo(20e-6, 12);
  expect(largestShares(step, 1)).toEqual([['MatMul', expect.closeTo(0.7, 9)]]);
  expect(largestShares(step, 5)).toHaveLength(2);
});
