// How the engine's process is started: written by the link, read by the engine, in one place.

export interface EngineArguments {
  /** Folder of everything that the program makes. */
  readonly home: string;
  /** Folders that a page may name; none means every folder. */
  readonly roots: readonly string[];
  /** Whether a run that was under way when the last engine died is gone on with. */
  readonly resumeInterrupted: boolean;
}

export function writeEngineArguments({ home, roots, resumeInterrupted }: EngineArguments): string[] {
  return ['--home', home, ...roots.flatMap((root) => ['--root', root]), ...(resumeInterrupted ? ['--resume-interrupted'] : [])];
}

/** What `writeEngineArguments` wrote; `home` is '' where none was given. Unknown words are passed over: a newer link may say more. */
export function readEngineArguments(argv: readonly string[]): EngineArguments {
  const after = (flag: string): string[] =>
    argv.flatMap((word, at) => (word === flag && argv[at + 1] !== undefined ? [argv[at + 1]!] : []));
  return { home: after('--home')[0] ?? '', roots: after('--root'), resumeInterrupted: argv.includes('--resume-interrupted') };
}
