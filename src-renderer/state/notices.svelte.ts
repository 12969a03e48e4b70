// The one path by which something is said to the person: an error with what to do, or a word that something is done.
import { AppError } from '../../shared/errors.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly message: string;
  readonly hint: string;
}

const most = 4;
const goodMilliseconds = 6000;
/** What went wrong may not be so any more after a while. */
const badMilliseconds = 60_000;
/** Younger than this it is left where it is when the person goes to another view. */
const freshMilliseconds = 4000;
const lookAgain = 3000;

export class Notices {
  #list = $state.raw<readonly Notice[]>([]);
  #ids = 0;
  #held = false;
  readonly #saidAt = new Map<number, number>();

  get list(): readonly Notice[] {
    return this.#list;
  }

  #add(notice: Omit<Notice, 'id'>): void {
    const id = ++this.#ids;
    // The same sentence twice is one sentence.
    const others = this.#list.filter(({ message }) => message !== notice.message);
    this.#list = [...others, { id, ...notice }].slice(-most);
    this.#saidAt.set(id, Date.now());
    setTimeout(() => this.#expire(id), notice.tone === 'good' ? goodMilliseconds : badMilliseconds);
  }

  /** What somebody is reading stays. */
  #expire(id: number): void {
    if (this.#held) setTimeout(() => this.#expire(id), lookAgain);
    else this.dismiss(id);
  }

  /** Whether somebody points at what is said. */
  hold(held: boolean): void {
    this.#held = held;
  }

  /** Another view is looked at: what was said before was about the one that is left. */
  leave(): void {
    const old = Date.now() - freshMilliseconds;
    for (const { id } of this.#list) if ((this.#saidAt.get(id) ?? 0) < old) this.dismiss(id);
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
