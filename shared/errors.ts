// One error for everything a person may see: what happened (`message`) and what to do (`hint`). Codes are a closed list,
// so that the terminal maps them to exit codes and the window to actions, and they survive a trip between processes.

export const errorCodes = [
  'bad-config',
  'bad-input',
  'bad-checkpoint',
  'bad-file',
  'unsafe-file',
  'not-found',
  'no-images',
  'locked',
  'disk-full',
  'not-writable',
  'non-finite',
  'cancelled',
  'decoder-crashed',
  'trainer-crashed',
  'engine-crashed',
  'device-failed',
  'out-of-memory',
  'network',
  'unsupported',
  'not-allowed',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  /** One sentence that says what the person can do. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = hint;
  }
}

/** The error as plain data, for another process. Anything that is no AppError becomes `internal`. */
export function toWire(error: unknown): WireError {
  if (error instanceof AppError) return { code: error.code, message: error.message, hint: error.hint };
  const known = systemError(error);
  if (known) return { code: known.code, message: known.message, hint: known.hint };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal',
    message,
    hint: 'This is a fault of the program: please report it with the log of the run.',
  };
}

export function fromWire(wire: WireError): AppError {
  return new AppError(wire.code, wire.message, wire.hint);
}

/** Says what the operating system's error means for the person, or `undefined` when it is none of the known ones. */
export function systemError(error: unknown): AppError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? ` (${error.path})` : '';
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError(
        'disk-full',
        `The disk is full${path}.`,
        'Free some space and start again: nothing that was written before is lost.',
        error,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError(
        'not-writable',
        `This place cannot be read or written${path}.`,
        'Choose another folder or change its permissions.',
        error,
      );
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError(
        'not-found',
        `This file or folder does not exist${path}.`,
        'Check the path; if a drive was unplugged, connect it again.',
        error,
      );
    case 'EISDIR':
      return new AppError('bad-input', `This is a folder and no file${path}.`, 'Choose a file.', error);
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return new AppError(
        'bad-input',
        `The operating system cannot follow this path${path}.`,
        'Give a shorter path, without links that lead in circles.',
        error,
      );
    default:
      return undefined;
  }
}

/** For the end of a `switch` over a closed union: the compiler rejects the call while a case is missing. */
export function assertNever(value: never): never {
  throw new AppError('internal', `Unexpected value: ${JSON.stringify(value)}`, 'This is a fault of the program: please report it.');
}
