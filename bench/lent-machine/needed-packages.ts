// Which packages and which of their files a bare machine needs, by the lockfile.

/** An entry of package-lock.json, as far as it matters here. */
export interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** One or several, in Node's words; all where it says nothing. */
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: string | readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  /** Checksum of its archive. */
  readonly integrity?: string;
  /** Of a folder that stands in for a package. */
  readonly link?: boolean;
}
/** By the folder that it is installed in; the project itself is ''. */
export type Lockfile = Readonly<Record<string, LockedPackage>>;

export interface TargetSystem {
  readonly os: string;
  readonly cpu: string;
  readonly libc: string;
}

function allows(listed: string | readonly string[] | undefined, value: string): boolean {
  if (listed === undefined) return true;
  const names = typeof listed === 'string' ? [listed] : listed;
  const refused = names.filter((name) => name.startsWith('!'));
  return !refused.includes(`!${value}`) && (names.length === refused.length || names.includes(value));
}

const isFor = ({ os, cpu, libc }: LockedPackage, target: TargetSystem): boolean =>
  allows(os, target.os) && allows(cpu, target.cpu) && allows(libc, target.libc);

/** Where a package finds another one: in its own folder, or in that of one around it. */
function folderOf(lockfile: Lockfile, name: string, from: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const folder = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (folder in lockfile) return folder;
    if (at === '') return undefined;
  }
}

/**
 * Folders of all packages that the program needs to run on a system, by name; those in `leftOut` and what only they need stay behind. Throws
 * for a package that is needed and not in the lockfile.
 */
export function neededPackages(lockfile: Lockfile, target: TargetSystem, leftOut: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  const visit = (from: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = lockfile[from]!;
    for (const name of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) {
      if (from === '' && leftOut.has(name)) continue;
      const folder = folderOf(lockfile, name, from);
      const locked = folder === undefined ? undefined : lockfile[folder];
      if (folder === undefined || locked === undefined) {
        if (name in optionalDependencies) continue;
        throw new Error(`${name}, which ${from || 'the program'} needs, is not in the lockfile.`);
      }
      if (found.has(folder) || locked.link === true || !isFor(locked, target)) continue;
      found.add(folder);
      visit(folder);
    }
  };
  visit('');
  return [...found].toSorted();
}

const platforms = new Set(['linux', 'linuxmusl', 'darwin', 'win32', 'freebsd', 'android']);
const processors = new Set(['x64', 'arm64', 'arm', 'ia32', 's390x', 'ppc64', 'riscv64']);

/** Whether a path leads to something that was built for another system. */
function isForOther(path: string, { os, cpu }: TargetSystem): boolean {
  const words = path.split(/[/.-]/);
  const at = words.findIndex((word) => platforms.has(word));
  if (at < 0) return false;
  const processor = words.slice(at + 1).find((word) => processors.has(word));
  return words[at] !== os || (processor !== undefined && processor !== cpu);
}

/** Sources, types and texts for readers: nothing that runs. Licences stay. */
const notRun = /\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|c|cc|cpp|h|hpp|gyp|gypi|html|yml)$/i;

/** Whether a file of a package, by its path in there, is needed where it runs. */
export const isNeededFile = (path: string, target: TargetSystem): boolean =>
  /(^|\/)licen[cs]e/i.test(path) || !(isForOther(path, target) || notRun.test(path) || /(^|\/)(test|tests|docs|man)\//.test(path));

/** The first `count` files of each folder, for a sample of many. */
export function fewOfEach(paths: readonly string[], count: number): readonly string[] {
  const taken = new Map<string, number>();
  return paths.filter((path) => {
    if (path.endsWith('/')) return false;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const before = taken.get(folder) ?? 0;
    taken.set(folder, before + 1);
    return before < count;
  });
}

/** Bytes that files take in a tar archive: a block before each, and whole blocks. */
export const bytesInTar = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + 512 + 512 * Math.ceil(size / 512), 0);
