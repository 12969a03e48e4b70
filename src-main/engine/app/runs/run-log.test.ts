import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunLog } from './run-log.ts';

let run = '';
const log = (): string => join(run, 'metrics.jsonl');
const kept = (): string => join(run, 'metrics.pyramid');
beforeEach(() => (run = mkdtempSync(join(tmpdir(), 'ijepa-log-'))));
afterEach(() => rmSync(run, { recursive: true, force: true }));

let clock = Date.parse('2026-01-01T00:00:00.000Z');
/** A line of the log, `seconds` after the one before. */
function line(event: Readonly<Record<string, unknown>>, seconds = 1): string {
  clock += 1000 * seconds;
  return `${JSON.stringify({ time: new Date(clock).toISOString(), ...event })}\n`;
}
const steps = (from: number, to: number, loss = (step: number): number => 1 / step): string =>
  Array.from({ length: to - from + 1 }, (_, i) =>
    line({ type: 'step', step: from + i, loss: loss(from + i), memoryBytes: 1e9, note: 'ü' }),
  ).join('');
const started = (step: number, seconds = 1): string => line({ type: 'started', step, run: 'a' }, seconds);
const evaluation = (step: number): string => line({ type: 'evaluation', step, best: true });

async function read(pieces = 10): Promise<RunLog> {
  const followed = new RunLog(run, pieces);
  await followed.follow();
  return followed;
}
/** Everything that it says. */
const all = (one: RunLog): unknown => ({ ...one.series('loss', 0, 0, 100_000), last: one.last, events: one.events });

describe('the log of a run', () => {
  it('is read as it grows, also in halves of a line, and counts seconds of work alone', async () => {
    const followed = await read();
    expect([followed.last, followed.steps]).toEqual([0, 0]);
    writeFileSync(log(), started(0) + steps(1, 5));
    await followed.follow();
    expect(followed.last).toBe(5);
    const more = line({ type: 'paused', step: 5 }) + line({ type: 'resumed', step: 5 }, 3600) + steps(6, 7);
    appendFileSync(log(), more.slice(0, -20));
    await followed.follow();
    expect(followed.last).toBe(6);
    appendFileSync(log(), more.slice(-20));
    await followed.follow();
    const { steps: at, seconds, mean } = followed.series('loss', 0, 0, 100);
    expect([...at]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    // The hour of the pause is not among them.
    expect([...seconds]).toEqual([1, 2, 3, 4, 5, 7, 8]);
    // Nor is what was slept.
    appendFileSync(log(), line({ type: 'note', step: 7, message: 'a', hint: 'b', asleepSeconds: 7200 }, 7203) + steps(8, 8));
    await followed.follow();
    expect([...followed.series('loss', 8, 8, 100).seconds]).toEqual([12]);
    expect(mean[3]).toBe(0.25);
    // Also where an evaluation's line came between.
    appendFileSync(
      log(),
      `${line({ type: 'evaluation', step: 8, best: true }, 3605)}${line({ type: 'note', step: 9, asleepSeconds: 3600 }, 1)}${steps(9, 9)}`,
    );
    await followed.follow();
    expect([...followed.series('loss', 9, 9, 100).seconds]).toEqual([19]);
    expect(followed.series('memoryBytes', 7, 7, 10).max[0]).toBe(1e9);
    expect(followed.series('coupled', 7, 7, 10).max[0]).toBeNaN();
  });

  it('counts steps once that were repeated after a kill, the later ones', async () => {
    writeFileSync(log(), started(0) + steps(1, 30) + evaluation(20) + evaluation(30));
    // The last line was torn by the kill.
    appendFileSync(log(), '{"time":"2026-01-01T00:00:00.000Z","type":"st\n');
    appendFileSync(log(), started(25, 7200) + steps(26, 28, () => 9) + evaluation(28));
    const followed = await read();
    expect(followed.steps).toBe(28);
    expect(followed.events.map((event) => ('step' in event ? `${event.type} ${event.step}` : ''))).toEqual([
      'started 0',
      'evaluation 20',
      'started 25',
      'evaluation 28',
    ]);
    const { mean, seconds } = followed.series('loss', 24, 0, 100);
    expect([...mean].map((value) => Math.round(value))).toEqual([0, 0, 9, 9, 9]);
    expect(seconds[2]! - seconds[1]!).toBe(1);
    // As from the start, so from the pieces.
    expect(all(await read())).toEqual(all(followed));
  });

  it('is the same from the pieces as from the log, for any history and wherever the file was cut or damaged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 15 })), { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        async (sessions, place, damage) => {
          for (const path of [log(), kept()]) rmSync(path, { force: true });
          let step = 0;
          for (const [count, back] of sessions) {
            step = Math.max(0, step - back);
            appendFileSync(log(), started(step, 50) + steps(step + 1, step + count, (at) => at % 7) + evaluation(step + count));
            step += count;
            await read();
          }
          const fromPieces = all(await read());
          const hadPieces = existsSync(kept());
          rmSync(kept(), { force: true });
          const plain = await read(1e9);
          expect(plain.last).toBe(step);
          expect(fromPieces).toEqual(all(plain));
          if (!hadPieces) return;
          await read();
          const { size } = statSync(kept());
          const at = Math.floor(place * (size - 1));
          if (damage) {
            const bytes = readFileSync(kept());
            bytes[at]! ^= 0x55;
            writeFileSync(kept(), bytes);
          } else truncateSync(kept(), at);
          expect(all(await read())).toEqual(all(plain));
          // And it is mended.
          expect(all(await read())).toEqual(all(plain));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('that was rewritten shorter, or belongs to another run now, is read anew', async () => {
    writeFileSync(log(), started(0) + steps(1, 50));
    const followed = await read();
    const lines = readFileSync(log(), 'utf8').split('\n');
    const shorter = `${lines.slice(0, 36).join('\n')}\n`;
    rmSync(log());
    writeFileSync(log(), shorter);
    await followed.follow();
    expect(followed.last).toBe(35);
    expect(all(await read())).toEqual(all(followed));
    appendFileSync(
      log(),
      steps(36, 60, () => 3),
    );
    await followed.follow();
    expect(followed.series('loss', 36, 60, 100).min).toEqual(new Float32Array(25).fill(3));
    rmSync(log());
    writeFileSync(log(), started(0) + steps(1, 80, () => 4));
    await followed.follow();
    expect(followed.series('loss', 0, 0, 100).max).toEqual(new Float32Array(80).fill(4));
    expect(all(await read())).toEqual(all(followed));
    rmSync(log());
    await followed.follow();
    expect([followed.steps, followed.events]).toEqual([0, []]);
  });

  it('passes over what is no event', async () => {
    writeFileSync(log(), `null\n[]\n{"type":7}\n{"type":"step"}\n{"type":"step","step":"3","loss":1}\n\n${steps(1, 3, () => NaN)}`);
    const followed = await read();
    expect(followed.steps).toBe(3);
    expect(followed.series('loss', 0, 0, 10).mean[0]).toBeNaN();
  });

  it('is read where its folder cannot be written', async () => {
    writeFileSync(log(), started(0) + steps(1, 50));
    // A folder where the file would be.
    mkdirSync(kept());
    const followed = await read();
    expect(followed.last).toBe(50);
    expect(statSync(kept()).isDirectory()).toBe(true);
  });
});
