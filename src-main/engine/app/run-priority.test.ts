import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withTemporary } from '../../training/testing/small-run.ts';
import { keepUsable, readUsable } from './run-priority.ts';

it('whether a run leaves the computer usable is as it was said last, and not known of a damaged or older run', () =>
  withTemporary((run) => {
    expect(readUsable(run)).toBeUndefined();
    for (const usable of [true, false]) {
      keepUsable(run, usable);
      expect(readUsable(run)).toBe(usable);
    }
    for (const text of ['', 'null', '[]', '{"usable":"yes"}', '{"usable":']) {
      writeFileSync(join(run, 'priority.json'), text);
      expect(readUsable(run), text).toBeUndefined();
    }
    keepUsable(run, true);
    expect(readUsable(run)).toBe(true);
    expect(() => keepUsable(join(run, 'none'), true)).toThrow(expect.objectContaining({ code: 'not-found' }) as Error);
  }));
