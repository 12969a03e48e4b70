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

export class Notices {
  #list = $state.raw<readonly Notice[]>([]);
  #ids = 0;

  get list(): readonly Notice[] {
    return this.#list;
  }

  #add(notice: Omit<Notice, 'id'>): number {
    const id = ++this.#ids;
    // The same sentence twice is one sentence.
    const others = this.#list.filter(({ message }) => message !== notice.message);
    this.#list = [...others, { id, ...notice }].slice(-most);
    return id;
  }

  /** Says that something went well, for a few seconds. */
  say(message: string, hint = ''): void {
    const id = this.#add({ tone: 'good', message, hint });
    setTimeout(() => this.dismiss(id), goodMilliseconds);
  }

  /** Says what went wrong, until it is dismissed. What the person cancelled is no error. */
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
  }
}
