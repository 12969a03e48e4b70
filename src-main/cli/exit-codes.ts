// Exit codes, as `ijepa-studio --help` states them.
import type { ErrorCode } from '../../shared/errors.ts';

export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  'bad-config': 2,
  'bad-input': 2,
  'not-found': 3,
  'no-images': 3,
  'bad-file': 4,
  'bad-checkpoint': 4,
  'unsafe-file': 4,
  locked: 5,
  'disk-full': 6,
  'not-writable': 6,
  'non-finite': 7,
  'decoder-crashed': 8,
  'trainer-crashed': 8,
  'engine-crashed': 8,
  'device-failed': 8,
  'out-of-memory': 8,
  network: 10,
  unsupported: 9,
  'not-allowed': 9,
  cancelled: 130,
};

export const exitCodeHelp = `Exit codes: 0 done or stopped with a checkpoint · 1 fault of the program · 2 wrong arguments or settings ·
  3 nothing there · 4 damaged or unsafe file · 5 in use by another process · 6 disk full or not writable ·
  7 the training diverged · 8 a child process or device failed · 9 not supported here · 10 no network · 130 interrupted`;
