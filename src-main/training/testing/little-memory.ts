// A device of the test that has memory for a few images at once wherever nothing is differentiated: encoders and masked views.
import { vi } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';

export interface LittleMemory {
  /** Images at once that there is memory for. */
  most: number;
  /** Calls with more, which failed. */
  failed: number;
}

/** Has the processor say of calls with more images than that what a driver says; `values` are those of the patches of an image. Restored with vitest's mocks. */
export function littleMemory(values: number): LittleMemory {
  const memory: LittleMemory = { most: Infinity, failed: 0 };
  const compile = OnnxSession.compile.bind(OnnxSession);
  vi.spyOn(OnnxSession, 'compile').mockImplementation(async (outputs, ...how) => {
    const session = await compile(outputs, ...how);
    if (!('embedding' in outputs || 'predictions' in outputs)) return session;
    const run = session.run.bind(session);
    session.run = async (feeds, ...others) => {
      if (feeds['patches']!.length / values <= memory.most) return run(feeds, ...others);
      memory.failed++;
      throw new AppError('out-of-memory', 'The device ran out of memory.', 'Choose less.');
    };
    return session;
  });
  return memory;
}
