// The one path by which something is said to the person: an error with what to do, or a word that something is done.
import { AppError } from '../../shared/errors.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly message: string;
  readonly hint: string;
}

/** What was said, when, and how often in a row. */
export interface SaidNotice extends Notice {
  /** Milliseconds since 1970, the last time. */
  readonly at: number;
  readonly times: number;
}

const most = 4;
/** Earlier messages that can be read again. */
const mostKept = 100;
const goodMilliseconds = 6000;
/** What went wrong may not be so any more after a while. */
const badMilliseconds = 60_000;
/** Younger than this it is left where it is when the person goes to another view. */
const freshMilliseconds = 4000;
const lookAgain = 3000;

export class Notices {
  #list = $state.raw<readonly Notice[]>([]);
  #said = $state.raw<readonly SaidNotice[]>([]);
  /** How many of them were not looked at since they have gone. */
  #unread = $state.raw(0);
  #ids = 0;
  #held = false;
  readonly #saidAt = new Map<number, number>();

  get list(): readonly Notice[] {
    return this.#list;
  }
  /** Everything that was said since the page is open, the latest first. */
  get said(): readonly SaidNotice[] {
    return this.#said;
  }
  /** Messages about what went wrong that went away without being dismissed. */
  get unread(): number {
    return this.#unread;
  }

  #add(notice: Omit<Notice, 'id'>): void {
    const id = ++this.#ids;
    // The same sentence twice is one sentence.
    const others = this.#list.filter(({ message }) => message !== notice.message);
    this.#list = [...others, { id, ...notice }].slice(-most);
    const at = Date.now();
    this.#saidAt.set(id, at);
    const [last] = this.#said;
    const again = last?.message === notice.message && last.hint === notice.hint;
    const kept = again ? this.#said.slice(1) : this.#said;
    this.#said = [{ id, ...notice, at, times: again ? last.times + 1 : 1 }, ...kept].slice(0, mostKept);
    setTimeout(() => this.#expire(id), notice.tone === 'good' ? goodMilliseconds : badMilliseconds);
  }

  /** What somebody is reading stays. */
  #expire(id: number): void {
    if (this.#held) setTimeout(() => this.#expire(id), lookAgain);
    else this.#pass(id);
  }

  /** It goes by itself, perhaps unseen. */
  #pass(id: number): void {
    if (this.#list.some((one) => one.id === id && one.tone === 'bad')) this.#unread += 1;
    this.dismiss(id);
  }

  /** Everything that was said is looked at. */
  read(): void {
    this.#unread = 0;
  }

  /** Whether somebody points at what is said. */
  hold(held: boolean): void {
    this.#held = held;
  }

  /** Another view is looked at: what was said before was about the one that is left. */
  leave(): void {
    const old = Date.now() - freshMilliseconds;
    for (const { id } of this.#list) if ((this.#saidAt.get(id) ?? 0) < old) this.#pass(id);
  }

  /** Says that something went well, for a few seconds. */
  say(message: string, hint = ''): void {
    this.#add({ tone: 'good', message, hint });
  }

  /** Says what went wrong, for a minute or until it is dismissed. What the person cancelled is no error. */
  fail(error: unknown): void {
    if (error instanceof AppError && error.code === 'cancelled') return;
    const known = error instanceof AppError;
    this.#add({
      tone: 'bad',
      message: known || error instanceof Error ? error.message : String(error),
      hint: known ? error.hint : 'This is a fault of the program: please report it.',
    });
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((one) => one.id !== id);
    this.#saidAt.delete(id);
  }
}
