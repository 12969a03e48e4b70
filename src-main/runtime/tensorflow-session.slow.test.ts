import { beforeAll, describe, expect, it } from 'vitest';
import { add, multiply } from '../tensor/elementwise.ts';
import { lowerTensorflow } from '../tensor/lower-tensorflow.ts';
import type { FunctionSource, State } from '../tensor/lower-tensorflow.ts';
import { input, sumAll } from '../tensor/structure.ts';
import { loadTensorflow } from './tensorflow-binding.ts';
import { TensorflowSession } from './tensorflow-session.ts';
import { tensorflowStatus } from './tensorflow-status.ts';
import { compileQuickly, noTensorflow, whySkipped } from './testing/tensorflow-here.ts';

async function using<T>(
  functions: Readonly<Record<string, FunctionSource>>,
  state: State,
  use: (session: TensorflowSession) => Promise<T>,
): Promise<T> {
  const session = await TensorflowSession.create(lowerTensorflow(functions, state), { threads: 1 });
  try {
    return await use(session);
  } finally {
    await session.dispose();
  }
}
const plain = (values: Readonly<Record<string, Float32Array>>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(values).map(([name, array]) => [name, [...array]]));

const [x, state] = [input('x', [3]), input('state', [3])];
const functions = {
  load: { outputs: { state: x } },
  step: { outputs: { state: add(state, x), before: sumAll(state) } },
  save: { outputs: { kept: state }, compiled: false },
};

describe.skipIf(noTensorflow !== undefined)(`a session of TensorFlow${whySkipped}`, () => {
  beforeAll(compileQuickly);

  it('keeps the state between calls of its functions, each of which reads it as it was before', async () => {
    await using(functions, { state: [3] }, async (session) => {
      expect(await session.call('load', { x: Float32Array.of(1, 2, 3) })).toEqual({});
      for (const before of [6, 66]) {
        expect(plain(await session.call('step', { x: Float32Array.of(10, 20, 30) }))).toEqual({ before: [before] });
      }
      const into = { kept: new Float32Array(3) };
      expect(await session.call('save', {}, into)).toEqual(into);
      expect([...into.kept]).toEqual([21, 42, 63]);
    });
  });

  it('holds a copy of what it was given: neither changes the other', async () => {
    await using(functions, { state: [3] }, async (session) => {
      const given = Float32Array.of(1, 2, 3);
      await session.call('load', { x: given });
      given.fill(7);
      const { kept } = await session.call('save');
      expect([...kept!]).toEqual([1, 2, 3]);
      await session.call('step', { x: given });
      expect([...given, ...kept!]).toEqual([7, 7, 7, 1, 2, 3]);
    });
  });

  it('gives one value under two names, an input back as an output, and takes a view of a larger array', async () => {
    const y = multiply(x, 3);
    await using({ f: { outputs: { a: y, b: y, c: x } } }, {}, async (session) => {
      const results = await session.call('f', { x: Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4) });
      expect(plain(results)).toEqual({ a: [3, 6, 9], b: [3, 6, 9], c: [1, 2, 3] });
    });
  });

  it('keeps nothing of a call, and works beside another session with a state of the same name', async () => {
    await using(functions, { state: [3] }, async (one) =>
      using(functions, { state: [3] }, async (other) => {
        await one.call('load', { x: Float32Array.of(1, 1, 1) });
        await other.call('load', { x: Float32Array.of(2, 2, 2) });
        const held = loadTensorflow().getNumOfTensors();
        for (let i = 0; i < 5; i++) await one.call('step', { x: Float32Array.of(1, 1, 1) });
        expect(loadTensorflow().getNumOfTensors()).toBe(held);
        expect(plain({ ...(await one.call('save')), other: (await other.call('save'))['kept']! })).toEqual({
          kept: [6, 6, 6],
          other: [2, 2, 2],
        });
      }),
    );
  });

  it('refuses a call without one of its inputs, or with one of another length', async () => {
    await using({ f: { outputs: { y: multiply(x, 2) } } }, {}, async (session) => {
      await expect(session.call('f')).rejects.toThrow("input 'x' is missing");
      await expect(session.call('f', { x: new Float32Array(2) })).rejects.toThrow("input 'x' has 2 values, not 3");
      await expect(session.call('g')).rejects.toThrow("no function 'g'");
    });
  });

  it('reports what TensorFlow says in the words of an error with a hint, and goes on', async () => {
    const failed = { code: 'device-failed', hint: expect.stringContaining('checkpoint') as string };
    const lowered = lowerTensorflow(functions, { state: [3] });
    await expect(TensorflowSession.create({ ...lowered, bytes: lowered.bytes.subarray(0, 20) })).rejects.toMatchObject(failed);
    await using(functions, { state: [3] }, async (session) => {
      await expect(session.call('step', { x: new Float32Array(3) }), 'nothing was loaded').rejects.toMatchObject(failed);
      await session.call('load', { x: Float32Array.of(1, 2, 3) });
      expect(plain(await session.call('step', { x: new Float32Array(3) }))).toEqual({ before: [6] });
    });
  });

  it('tells a lack of memory from other failures', async () => {
    // 16 TB.
    const huge = { outputs: { y: sumAll(multiply(add(input('a', [2_000_000, 1]), input('b', [1, 2_000_000])), 2)) }, compiled: false };
    const feeds = { a: new Float32Array(2_000_000), b: new Float32Array(2_000_000) };
    await using({ huge }, {}, async (session) => {
      await expect(session.call('huge', feeds)).rejects.toMatchObject({ code: 'out-of-memory' });
    });
  });

  it('says whether it uses a card, and if not, what is missing', () => {
    const { version, onCard, obstacles } = tensorflowStatus();
    expect(version).toMatch(/^2\.\d+\.\d+/);
    expect(obstacles.length > 0).toBe(!onCard);
    for (const sentence of obstacles) expect(sentence).toContain(version);
  });
});
