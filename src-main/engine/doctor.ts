// What machine this is and whether its processor computes right.
import { availableParallelism, cpus, freemem, release, totalmem, type } from 'node:os';
import { programVersion } from '../../shared/version.ts';
import { imageLibraryVersion } from '../images/version.ts';
import { sqliteVersion } from '../library/version.ts';
import type { SelfTestResult } from '../trainer/protocol.ts';
import { Trainer } from '../trainer/trainer.ts';

export interface Diagnosis {
  readonly program: string;
  readonly node: string;
  readonly sharp: string;
  readonly sqlite: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memoryFree: number;
  readonly memoryTotal: number;
  readonly selfTest: SelfTestResult;
}

/** Asks the system and runs the self-test in the trainer process. Throws `trainer-crashed` where the runtime cannot be loaded. */
export async function diagnose(): Promise<Diagnosis> {
  const trainer = new Trainer();
  try {
    const cores = availableParallelism();
    const selfTest = await trainer.run({ kind: 'self-test', threads: cores, device: 'cpu' });
    return {
      program: programVersion,
      node: process.versions.node,
      sharp: imageLibraryVersion(),
      sqlite: sqliteVersion(),
      system: `${type()} ${release()} ${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown processor',
      cores,
      memoryFree: freemem(),
      memoryTotal: totalmem(),
      selfTest,
    };
  } finally {
    await trainer.dispose();
  }
}
