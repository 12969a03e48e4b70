// The end of the program: a person is asked when work would stop, the system is not; the engine ends first, so that the run keeps a checkpoint.
import { app, BrowserWindow, dialog, powerMonitor } from 'electron';
import type { Event } from 'electron';
import type { EngineLink } from '../link/engine-link.ts';
import type { Desktop } from './desktop.ts';
import { leavingQuestion } from './leaving-question.ts';
import type { LeavingQuestion } from './leaving-question.ts';

async function mayStop({ message, detail, buttons }: LeavingQuestion): Promise<boolean> {
  const window = BrowserWindow.getAllWindows()[0];
  const question = {
    type: 'question' as const,
    message,
    detail,
    buttons: [...buttons],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  };
  const { response } = await (window ? dialog.showMessageBox(window, question) : dialog.showMessageBox(question));
  return response === 0;
}

export class Leaving {
  readonly #link: EngineLink;
  readonly #desktop: Desktop;
  #asking = false;
  #leaving = false;
  #again = false;

  constructor(link: EngineLink, desktop: Desktop) {
    this.#link = link;
    this.#desktop = desktop;
    app.on('before-quit', (event) => {
      event.preventDefault();
      void this.#ask();
    });
    // A log-out and a signal do not wait for an answer; the system is asked to wait for the checkpoint. Its types lack the event.
    powerMonitor.on('shutdown', ((event: Event) => this.#leaveWith(event)) as () => void);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void this.leave());
  }

  /** A window that the person closes is an end of the program, and asked for as one. */
  guard(window: BrowserWindow): void {
    window.on('close', (event) => {
      event.preventDefault();
      void this.#ask();
    });
    window.on('query-session-end', (event) => this.#leaveWith(event));
    window.on('session-end', () => void this.leave());
  }

  /** Ends with the system, which waits until the program is gone. */
  #leaveWith(event: Pick<Event, 'preventDefault'>): void {
    event.preventDefault();
    void this.leave();
  }

  /** The program was started anew while it ends: it starts again afterwards. */
  get isLeaving(): boolean {
    return this.#leaving;
  }
  startAgain(): void {
    this.#again = true;
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#leaving) return;
    this.#asking = true;
    const question = leavingQuestion(this.#desktop.runs, this.#desktop.jobs);
    const may = question === undefined || (await mayStop(question));
    this.#asking = false;
    if (may) await this.leave();
  }

  /** Ends at once, without a question: the engine has up to 12 s for the run’s checkpoint; what takes longer is kept without it. */
  async leave(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    for (const window of BrowserWindow.getAllWindows()) window.hide();
    this.#desktop.dispose();
    await this.#link.dispose();
    if (this.#again) app.relaunch();
    app.exit(0);
  }
}
