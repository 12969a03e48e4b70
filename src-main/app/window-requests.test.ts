import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowChannels } from '../../shared/contract/contract-window.ts';
import type { WindowChannel } from '../../shared/contract/contract-window.ts';
import { mostDragged } from '../../shared/contract/limits.ts';
import { AppError } from '../../shared/errors.ts';
import { answerWindowRequest } from './window-requests.ts';
import type { WindowHandlers } from './window-requests.ts';

/** A main process that notes what reaches it. */
function window() {
  const reached: [string, unknown, string][] = [];
  const note =
    (channel: WindowChannel) =>
    (input: unknown, asker: string): undefined =>
      void reached.push([channel, input, asker]);
  const names = Object.keys(windowChannels) as WindowChannel[];
  const handlers = Object.fromEntries(names.map((name) => [name, note(name)])) as unknown as WindowHandlers<string>;
  const ask = async (request: unknown, findAsker = () => 'page') => answerWindowRequest(handlers, request, findAsker);
  return { reached, handlers, ask, names };
}

/** Inputs that are let in, one for each channel. */
const right: Readonly<Record<WindowChannel, Readonly<Record<string, unknown>>>> = {
  'window.choose-folder': {},
  'window.choose-file': { kind: 'weights' },
  'window.choose-target': { suggested: '/home/ada/vectors' },
  'window.reveal': { path: '/home/ada/1.png' },
  'window.drag-out': { images: [1, 2] },
  'window.watch-power': {},
};

/** For a schema without entries an empty list is an object with nothing in it. */
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !(Array.isArray(value) && value.length > 0);

/** Inputs that are not of a channel: anything that is no object, a key too many, one too few, one of another kind. */
function wrongInputs(channel: WindowChannel): fc.Arbitrary<unknown> {
  const good = right[channel];
  const keys = Object.keys(good);
  const spoilt = keys.flatMap((key) => {
    const { [key]: value, ...rest } = good;
    // A list may hold what is no number of an image; a text may not be any other value.
    const others = Array.isArray(value)
      ? fc.oneof(
          fc.anything().filter((one) => !Array.isArray(one)),
          fc.array(fc.oneof(fc.string(), fc.integer({ max: 0 }), fc.constant(1.5), fc.constant(null)), { minLength: 1 }),
          fc.constant(Array.from({ length: mostDragged + 1 }, (_, i) => i + 1)),
        )
      : fc.oneof(
          fc.anything().filter((one) => typeof one !== 'string'),
          fc.constant('x'.repeat(40_000)),
        );
    return [others.map((other) => ({ ...rest, [key]: other })), fc.constant(rest)];
  });
  return fc.oneof(
    fc.anything().filter((value) => !isObject(value)),
    fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.anything()).map(([key, value]) => ({ ...good, [`more ${key}`]: value })),
    ...spoilt,
  );
}

describe('what the page asks of the window', () => {
  it('reaches its handler with who asks, and is answered', async () => {
    const { reached, ask, names, handlers } = window();
    for (const channel of names) expect(await ask({ channel, input: right[channel] })).toEqual({ type: 'ok', output: undefined });
    expect(reached).toEqual(names.map((channel) => [channel, right[channel], 'page']));
    const chosen = { ...handlers, 'window.choose-folder': async () => Promise.resolve('/home/ada') };
    const request = { channel: 'window.choose-folder', input: {} };
    expect(await answerWindowRequest(chosen, request, () => 'page')).toEqual({ type: 'ok', output: '/home/ada' });
  });

  it.each(Object.keys(windowChannels) as WindowChannel[])(
    'in a wrong shape is answered with a typed error and reaches nobody: %s',
    async (channel) => {
      const { reached, ask } = window();
      await fc.assert(
        fc.asyncProperty(wrongInputs(channel), async (input) => {
          const answer = await ask({ channel, input });
          expect(answer).toMatchObject({ type: 'fail', error: { code: 'bad-input', message: expect.stringContaining(channel) as string } });
        }),
        { numRuns: 200 },
      );
      expect(reached).toEqual([]);
    },
  );

  it('in no shape at all, or by a name that there is not, is answered in the same way', async () => {
    const { reached, ask } = window();
    const names = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'window.quit'));
    const requests = fc.oneof(fc.anything(), fc.record({ channel: fc.oneof(names, fc.anything()), input: fc.constant({}) }));
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        expect(await ask(request)).toMatchObject({
          type: 'fail',
          error: { code: 'bad-input', hint: expect.stringContaining('eload') as string },
        });
      }),
      { numRuns: 300 },
    );
    expect(reached).toEqual([]);
  });

  it('by a page that may not ask is refused before it is read, and a handler’s error keeps its code', async () => {
    const { reached, ask, handlers } = window();
    const request = { channel: 'window.reveal', input: { path: '/x' } };
    const stranger = (): never => {
      throw new AppError('not-allowed', 'Only the page of the window itself is answered.', 'Reload the window.');
    };
    expect(await ask(request, stranger)).toMatchObject({ type: 'fail', error: { code: 'not-allowed' } });
    expect(reached).toEqual([]);
    const gone = { ...handlers, 'window.reveal': () => Promise.reject(new AppError('not-found', 'It is gone.', 'Look elsewhere.')) };
    expect(await answerWindowRequest(gone, request, () => 'page')).toEqual({
      type: 'fail',
      error: { code: 'not-found', message: 'It is gone.', hint: 'Look elsewhere.' },
    });
  });
});
