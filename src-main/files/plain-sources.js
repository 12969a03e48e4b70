// Sources as Node runs them, without their types, kept from one start to the next. Taking types out is three quarters of what a process or
// a thread of this program needs to start (850 ms of 850 → 230 for a trainer), and each one would do it again. Loaded with `--import`
// before all else (`node-arguments.ts`); plain JavaScript, because what it does has not been done to it.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'dist', 'plain');

/** Node's own, without the warning that it is new, which would stand among what a person is told. */
function withoutTypes(text) {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => {};
  try {
    return module.stripTypeScriptTypes(text);
  } finally {
    Object.defineProperty(process, 'emitWarning', own);
  }
}

/** A kept text ends with its name, by which one that was cut short, as by a full disk, is known. */
const ending = (name) => `\n//${name}\n`;

function keep(name, plain) {
  const file = join(folder, `${name}.js`);
  const aside = `${file}.${randomUUID()}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(aside, plain + ending(name));
    renameSync(aside, file);
  } catch {
    // A full disk, or a folder that only others may write to: the next start takes the types out again.
    try {
      unlinkSync(aside);
    } catch {
      // It was not begun.
    }
  }
}

/** Name of what is kept of a source: whoever changes the source changes it. */
const nameOf = (text) => createHash('sha1').update(text).digest('hex');

function plainSource(text) {
  const name = nameOf(text);
  try {
    const kept = readFileSync(join(folder, `${name}.js`), 'utf8');
    if (kept.endsWith(ending(name))) return kept;
  } catch {
    // Not kept yet.
  }
  const plain = withoutTypes(text);
  keep(name, plain);
  return plain;
}

function sourcesBelow(path) {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.test|\.d)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (import.meta.filename === process.argv[1]) {
  // A part of the build: a package cannot write to itself.
  rmSync(folder, { recursive: true, force: true });
  for (const file of ['shared', 'src-main'].flatMap((name) => sourcesBelow(join(root, name)))) plainSource(readFileSync(file, 'utf8'));
} else {
  module.registerHooks?.({
    load(url, context, nextLoad) {
      if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
      const source = plainSource(readFileSync(fileURLToPath(url), 'utf8'));
      return { format: 'module', source, shortCircuit: true };
    },
  });
}
