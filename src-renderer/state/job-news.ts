// What is said of jobs that ended: in the page, and by the system while the page is hidden.
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { Face } from '../../shared/contract/face.ts';
import { AppError, fromWire } from '../../shared/errors.ts';
import { strings } from '../strings/strings.ts';
import type { Notices } from './notices.svelte.ts';

interface Listener {
  readonly notices: Pick<Notices, 'say' | 'fail'>;
  readonly face: Pick<Face, 'notify'>;
  /** Whether the page shows what came of a job by itself. */
  readonly shows: (job: JobStatus) => boolean;
}

/** Says what an engine that stopped has cut short: no list of jobs tells of it any more. */
export function tellCuts(cut: readonly JobStatus[], { notices, face }: Omit<Listener, 'shows'>): void {
  for (const { kind, subject } of cut) {
    if (kind === 'train' || kind === 'trial' || kind === 'self-test') continue;
    const { message, hint } = strings.common.job.cut(kind, subject);
    notices.fail(new AppError('engine-crashed', message, hint));
    if (globalThis.document?.hidden) face.notify?.(message, hint);
  }
}

export function tellEnds(ended: readonly JobStatus[], { notices, face, shows }: Listener): void {
  for (const job of ended) {
    const { kind, subject, state, detail, error } = job;
    if (state === 'failed' && error) notices.fail(fromWire(error));
    // What was cancelled is known; trials and self-tests are waited for where they were asked for.
    if (state === 'cancelled' || kind === 'trial' || kind === 'self-test') continue;
    const { endOf, titleOf } = strings.common.job;
    const what = state === 'done' ? endOf(kind, subject) : strings.shell.failed(titleOf(kind, subject));
    if (state === 'done' && !shows(job)) notices.say(what, detail);
    if (globalThis.document?.hidden) face.notify?.(what, detail);
  }
}
