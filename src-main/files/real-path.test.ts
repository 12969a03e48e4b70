import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askedOnce } from './asked-once.ts';
import { askedWithPatience } from './real-path.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A disk that answers when it is told to. */
function disk() {
  const answers: ((real: string) => void)[] = [];
  const realPathSoon = askedWithPatience(askedOnce(async () => new Promise<string>((resolve) => answers.push(resolve))));
  /** What is said of a path, and after how many milliseconds. */
  const said = async (path: string): Promise<readonly [string, number]> => {
    const began = performance.now();
    const asking = realPathSoon(path).then((real) => [real, performance.now() - began] as const);
    await vi.advanceTimersByTimeAsync(2000);
    return asking;
  };
  return { answers, realPathSoon, said };
}

it('waits once in a minute for a disk that does not answer, however often somebody asks', async () => {
  const { answers, said } = disk();
  expect(await said('/away')).toEqual(['/away', 2000]);
  for (let time = 0; time < 3; time++) expect(await said('/away')).toEqual(['/away', 100]);
  expect(await said('/away too')).toEqual(['/away too', 2000]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await said('/away')).toEqual(['/away', 2000]);
  // All of them wait for the same answer.
  expect(answers).toHaveLength(2);
});

it('takes the answer of a disk that is there again, and each time that of now', async () => {
  const { answers, realPathSoon, said } = disk();
  expect(await said('/link')).toEqual(['/link', 2000]);
  answers[0]!('/disk/late');
  await vi.advanceTimersByTimeAsync(0);
  for (const real of ['/disk/a', '/disk/b']) {
    const asking = realPathSoon('/link');
    answers.at(-1)!(real);
    expect(await asking).toBe(real);
  }
  // As it has answered in time, it is given time as before.
  expect(await said('/link')).toEqual(['/link', 2000]);
});
