// What the terminal shows: progress lines that overwrite themselves on a terminal and are plain and rare in a pipe, or JSON lines.
import { toWire } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { inFlags } from './config-flags.ts';
import { exitCodes } from './exit-codes.ts';

/** Names of files may hold what moves the cursor or rings the bell; lines and tabs stay. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\u{fffd}');

/**
 * Ends the program when nobody reads its output any more (`| head`), as other programs end, and says it when output cannot be written,
 * as on a full disk. A run that trains keeps a checkpoint: the trainer process sees that its engine is gone.
 */
export function endWithReader(): void {
  const ended = (error: NodeJS.ErrnoException): never => {
    if (error.code === 'EPIPE') process.exit(exitCodes.cancelled);
    const { message, hint, code } = toWire(error);
    process.stderr.write(`ijepa-studio: The output cannot be written: ${message}\n${hint}\n`);
    process.exit(exitCodes[code]);
  };
  process.stdout.on('error', ended);
  process.stderr.on('error', () => process.exit(exitCodes.cancelled));
}

/** Seconds as a person says them: 45 s, 3 min 20 s, 2 h 05 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

export const count = (value: number): string => value.toLocaleString('en');
export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

export function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** An error about settings, with their flags. */
const forTerminal = (wire: WireError): WireError => ({ ...wire, message: inFlags(wire.message), hint: inFlags(wire.hint) });

const barWidth = 24;
const plainSeconds = 10;

export class Output {
  readonly json: boolean;
  readonly #live: boolean;
  #lastLine = 0;
  #open = false;

  constructor(json: boolean) {
    this.json = json;
    this.#live = !json && process.stdout.isTTY;
  }

  /** A finished sentence. */
  say(text: string): void {
    if (this.json) return;
    this.#clear();
    process.stdout.write(`${printable(text)}\n`);
  }

  /** One machine-readable line (with --json only). */
  event(value: object): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Replaces the current progress line; in a pipe at most every ten seconds, and always when `final`. */
  progress(words: string, final = false): void {
    if (this.json) return;
    const text = printable(words);
    const now = performance.now();
    if (this.#live) {
      const columns = process.stdout.columns || 100;
      process.stdout.write(`\r\x1b[K${text.slice(0, columns - 1)}${final ? '\n' : ''}`);
      this.#open = !final;
    } else if (final || now - this.#lastLine > 1000 * plainSeconds) {
      this.#lastLine = now;
      process.stdout.write(`${text}\n`);
    }
  }

  #clear(): void {
    if (this.#open) process.stdout.write('\r\x1b[K');
    this.#open = false;
  }

  bar(share: number): string {
    if (!this.#live) return `${Math.floor(100 * share)} %`;
    const filled = Math.round(barWidth * Math.min(1, Math.max(0, share)));
    return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${Math.floor(100 * share)} %`;
  }

  /** What went wrong and what to do, on two lines of standard error; returns the exit code. */
  fail(error: unknown): number {
    this.#clear();
    const wire = this.json ? toWire(error) : forTerminal(toWire(error));
    if (this.json) process.stdout.write(`${JSON.stringify({ type: 'error', ...wire })}\n`);
    else process.stderr.write(printable(`ijepa-studio: ${wire.message}\n${wire.hint}\n`));
    if (wire.code === 'internal' && process.env['IJEPA_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCodes[wire.code];
  }
}
