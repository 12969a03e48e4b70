// What a person is asked before the program ends: what is under way, by name, and what will be left of it. Pure.
import type { JobKind, JobStatus } from '../../shared/contract/contract-jobs.ts';

export interface LeavingQuestion {
  readonly message: string;
  readonly detail: string;
  /** The first ends the program, the second does not. */
  readonly buttons: readonly [string, string];
}

/** Said of the subject of a job; trials and self-tests are not worth a question, and runs have words of their own. */
const doings: Readonly<Record<Exclude<JobKind, 'train' | 'trial' | 'self-test'>, (subject: string) => string>> = {
  scan: (folder) => `“${folder}” is still being read.`,
  samples: () => 'The sample images are still being made.',
  relink: (folder) => `The moved folder “${folder}” is still being followed.`,
  embed: (run) => `The vectors of “${run}” are still being computed.`,
  map: (run) => `The map of “${run}” is still being drawn.`,
  compare: (run) => `With the vectors of “${run}” all images are still being compared.`,
  evaluate: (run) => `“${run}” is still being evaluated.`,
  export: (target) => `The export “${target}” is still being written.`,
  import: (name) => `The weights “${name}” are still being imported.`,
  weights: (name) => `The weights “${name}” are still being fetched.`,
  install: (name) => `${name} is still being installed.`,
};
/** What of them begins anew when it is asked for again; all others go on from where they were. */
const lost: ReadonlySet<JobKind> = new Set<JobKind>(['relink', 'map', 'compare', 'evaluate', 'export', 'import']);

const isAsked = (kind: JobKind): kind is keyof typeof doings => kind in doings;

/** `runs`: those that would stop. `jobs`: live ones. `undefined` when nothing is under way that would be missed. */
export function leavingQuestion(runs: readonly string[], jobs: readonly JobStatus[]): LeavingQuestion | undefined {
  const others = jobs.flatMap(({ kind, subject }) => (isAsked(kind) ? [{ kind, said: doings[kind](subject) }] : []));
  const learning = runs.map((run) => `“${run}” is still learning.`);
  const all = [...learning, ...others.map(({ said }) => said)];
  if (all.length === 0) return undefined;
  const message =
    all.length === 1
      ? all[0]!
      : others.length === 0
        ? `${runs.length} runs are still learning.`
        : `${all.length} tasks are still under way.`;
  const again = others.some(({ kind }) => lost.has(kind));
  const further = others.some(({ kind }) => !lost.has(kind));
  const left = [
    ...(runs.length > 0
      ? ['Training goes on only while the program runs. It keeps a checkpoint of this moment, and “Resume” goes on from there.']
      : []),
    ...(further ? ['What was read, computed or fetched so far is kept; asked for again, it goes on from there.'] : []),
    ...(again ? ['An export, an import, an evaluation or a search for a moved folder has to be asked for again, and begins anew.'] : []),
  ];
  return {
    message,
    detail: [...(all.length > 1 ? [all.join('\n')] : []), left.join(' ')].join('\n\n'),
    buttons: [runs.length > 0 ? 'Stop and keep the checkpoint' : 'Stop and quit', 'Cancel'],
  };
}
