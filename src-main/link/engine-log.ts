// The last lines that the engine's processes said on standard error, written to a file when one ends that should not have.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const kept = 200;
const longest = 2000;

export class EngineLog {
  readonly path: string;
  readonly #lines: string[] = [];
  #rest = '';

  constructor(path: string) {
    this.path = path;
  }

  /** Takes text as it comes, in any pieces. */
  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!.slice(-longest);
    for (const line of lines) this.#keep(line);
  }

  /** A line of the link's own, with its time. */
  note(text: string): void {
    if (this.#rest !== '') this.#keep(this.#rest);
    this.#rest = '';
    this.#keep(`[${new Date().toISOString()}] ${text}`);
  }

  #keep(line: string): void {
    this.#lines.push(line.slice(0, longest));
    if (this.#lines.length > kept) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#rest === '' ? this.#lines : [...this.#lines, this.#rest];
  }

  /** Writes the lines; a disk that is full or not there must not hide what happened. Returns whether it could. */
  write(): boolean {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.path, `${this.lines.join('\n')}\n`);
      return true;
    } catch {
      return false;
    }
  }
}
