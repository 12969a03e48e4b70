// PyTorch as it is measured, where a Python with torch is (PYTHON).
import { afterAll, describe, expect, it } from 'vitest';
import type { Peer } from './peer.ts';
import type { Row } from './row.ts';
import { smallestConfig } from './shape.ts';
import { startTorch, torchRows } from './torch.ts';

const config = smallestConfig(1);
const started = await startTorch(config, 'cpu').catch((error: unknown) => String(error));
const torch: Peer | undefined = typeof started === 'string' ? undefined : started.peer;
const why = typeof started === 'string' ? `, skipped: ${started} (PYTHON names a Python with torch)` : '';
afterAll(() => torch?.dispose());

describe('PyTorch on the processor', () => {
  it.skipIf(!torch)(`makes steps and vectors of our sizes in float32, and steps in bfloat16${why}`, async () => {
    for (const command of ['step', 'step-bfloat16', 'embed', 'matmul'])
      expect((await torch!.ask(command)).seconds, command).toBeGreaterThan(0);
  });

  it.skipIf(!torch)(`is a row for each precision, and ours stands beside it${why}`, async () => {
    const ours = { name: 'Processor', of: 'tiny', precision: 'float32', onCard: false, seconds: 1 } as const;
    const rows = await torchRows((onCard) => (onCard ? [] : [['tiny', config]]), [ours], { rounds: 1, compiled: false });
    expect(rows.map(({ name }) => name.replace(/PyTorch \S+/, 'PyTorch'))).toEqual([
      'PyTorch on the processor: tiny',
      'PyTorch on the processor: tiny in bfloat16',
      'Processor: tiny, speed over PyTorch on the processor',
    ]);
    expect(rows.at(-1)!.figure).toBeCloseTo(rows[0]!.figure!, 10);
  });

  it('says why where it is not there', async () => {
    const before = process.env['PYTHON'];
    process.env['PYTHON'] = '/no/such/python';
    try {
      const told: Row[] = [];
      const rows = await torchRows(
        () => [['tiny', config]],
        [],
        { rounds: 1, compiled: false },
        (found) => told.push(...found),
      );
      expect(told).toEqual(rows);
      expect(rows.map(({ value }) => value)).toEqual([
        expect.stringContaining('/no/such/python ENOENT'),
        expect.stringContaining('/no/such/python ENOENT'),
      ]);
    } finally {
      if (before === undefined) delete process.env['PYTHON'];
      else process.env['PYTHON'] = before;
    }
  });
});
