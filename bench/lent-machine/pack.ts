// Packs what a bare x86-64 Linux with a card needs and the repository does not hold into one folder that git ignores: Node, onnxruntime and
// the other packages that run, what finds a Vulkan driver, and some pictures. What was packed before and has not changed stays.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../command-line.ts';
import { bytesInTar, fewOfEach, isNeededFile, neededPackages } from './needed-packages.ts';
import type { Lockfile } from './needed-packages.ts';
import { compression, leftOut, mostBytes, picturesOfEach, target, vulkanPackages } from './pack-contents.ts';

const usage = `npm run bench:pack -- [--into .device-pack] [--pictures ARCHIVE] [--fast]
  --pictures: a tar.gz of pictures in a folder for each class (default: ../shared/data/cifar10-images.tar.gz, if it is there)
  --fast: pack at once, for a try here; it may be too large to travel`;
const { values } = commandLine(usage, {
  options: { into: { type: 'string' }, pictures: { type: 'string' }, fast: { type: 'boolean', default: false } },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const into = values.into ?? join(root, '.device-pack');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { readonly packages: Lockfile };
/** The checksum of the package that a file is of, by the lockfile; nothing for other files. */
const integrityOf = (file: string): string => packages[/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? '']?.integrity ?? '';

/** What each piece was made of, by its name. */
type Made = Record<string, string>;
const record = join(into, 'pieces.json');

/** Packs files below a folder into a piece, unless it is made of the same already. */
function pack(name: string, folder: string, files: readonly string[], words: readonly string[], made: Made): void {
  const facts = files.map((file) => {
    // A package that was installed once more has other times and the same bytes.
    const { size } = statSync(join(folder, file));
    return `${file} ${size} ${integrityOf(file)}`;
  });
  const key = createHash('sha256')
    .update([...words, ...facts].join('\n'))
    .digest('hex');
  const piece = join(into, `${name}.tar.xz`);
  if (made[name] === key && existsSync(piece)) return say(`${name}: as before, ${megabytes(statSync(piece).size)}`);
  const list = join(into, 'list');
  writeFileSync(list, `${files.join('\n')}\n`);
  const owner = '--owner=0 --group=0 --numeric-owner';
  const command = `set -o pipefail; tar -cf - ${owner} --dereference --no-recursion -C "$1" -T "$2" | xz "\${@:4}" -c > "$3.part"`;
  execFileSync('bash', ['-c', command, 'pack', folder, list, piece, ...words], { stdio: ['ignore', 'inherit', 'inherit'] });
  rmSync(list);
  renameSync(`${piece}.part`, piece);
  made[name] = key;
  writeFileSync(record, `${JSON.stringify(made, null, 2)}\n`);
  say(`${name}: ${files.length} files, ${megabytes(statSync(piece).size)}`);
}

/** The needed files of packages, from the repository's root. */
function filesOf(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    const inside = globSync('**', { cwd: join(root, folder), withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, folder).length + 1));
    // Packages within it have an entry of their own.
    return inside
      .filter((path) => !path.startsWith('node_modules/') && isNeededFile(path, target))
      .map((path) => `${folder}/${path}`)
      .toSorted();
  });
}

/** Libraries that find a card's driver, unpacked aside; none where Debian's packages cannot be had. */
function fetchVulkan(folder: string): readonly string[] {
  const lists = join(folder, 'lists', 'partial');
  const packages = join(folder, 'packages');
  for (const one of [lists, packages]) mkdirSync(one, { recursive: true });
  const options = ['Architecture=amd64', 'Architectures=amd64'].map((one) => `-oAPT::${one}`);
  const apt = (...words: readonly string[]): boolean =>
    spawnSync('apt-get', [...options, `-oDir::State::Lists=${join(folder, 'lists')}`, ...words], { cwd: packages }).status === 0;
  if (!apt('update') || !apt('download', ...vulkanPackages)) return [];
  for (const file of readdirSync(packages)) execFileSync('dpkg', ['-x', join(packages, file), join(folder, 'unpacked')]);
  const libraries = globSync('usr/lib/*/*.so*', { cwd: join(folder, 'unpacked') });
  const flat = join(folder, 'vulkan');
  mkdirSync(flat);
  for (const path of libraries) execFileSync('cp', ['-L', join(folder, 'unpacked', path), flat]);
  return readdirSync(flat).map((name) => `vulkan/${name}`);
}

function packPictures(folder: string, made: Made): void {
  const usual = join(root, '../shared/data/cifar10-images.tar.gz');
  const archive = values.pictures ?? (existsSync(usual) ? usual : undefined);
  if (archive === undefined) return say('pictures: none, so that no run can be tried there (--pictures ARCHIVE)');
  const listed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const chosen = fewOfEach(listed.trim().split('\n'), picturesOfEach);
  const place = join(folder, 'pictures');
  mkdirSync(place);
  const list = join(folder, 'chosen');
  writeFileSync(list, `${chosen.join('\n')}\n`);
  execFileSync('tar', ['-xzf', archive, '-C', place, '-T', list]);
  pack(
    'pictures',
    folder,
    chosen.map((path) => `pictures/${path}`),
    compression.other,
    made,
  );
}

/** Bytes of what travels by itself. */
function treeBytes(): number {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', words, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 })
    .split('\0')
    .filter(Boolean);
  return bytesInTar(files.map((file) => statSync(join(root, file), { throwIfNoEntry: false })?.size ?? 0));
}

const folder = mkdtempSync(join(tmpdir(), 'ijepa-pack-'));
try {
  mkdirSync(into, { recursive: true });
  const made = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as Made) : {};
  const [code, other] = values.fast ? [['-0'], ['-0']] : [compression.code, compression.other];
  const needed = neededPackages(packages, target, leftOut);
  const absent = needed.filter((one) => !existsSync(join(root, one)));
  if (absent.length > 0) throw new Error(`Not installed here: ${absent.join(', ')}. Run npm ci on an x86-64 Linux.`);
  // Node itself is a package with a program of that name; of it nothing else is needed.
  const isNode = (one: string): boolean => packages[one]?.bin?.['node'] !== undefined;
  const node = needed.filter(isNode).map((one) => `${one}/${packages[one]!.bin!['node']!}`);
  pack('node', root, node, code, made);
  const isRuntime = (one: string): boolean => one === 'node_modules/onnxruntime-node';
  pack('onnxruntime', root, filesOf(needed.filter(isRuntime)), code, made);
  pack('packages', root, filesOf(needed.filter((one) => !isNode(one) && !isRuntime(one))), other, made);
  const vulkan = made['vulkan'] !== undefined && existsSync(join(into, 'vulkan.tar.xz')) ? undefined : fetchVulkan(folder);
  if (vulkan === undefined) say('vulkan: as before');
  else if (vulkan.length === 0)
    say('vulkan: left out, as Debian’s packages are not to be had here; a machine without libvulkan.so.1 will have no WebGPU');
  else pack('vulkan', folder, vulkan, other, made);
  packPictures(folder, made);
  const packed = readdirSync(into).map((name) => statSync(join(into, name)).size);
  const [tree, pieces] = [treeBytes(), bytesInTar(packed)];
  say(`\n${into}: ${megabytes(pieces)}, with the working tree ${megabytes(tree + pieces)} of ${megabytes(mostBytes)} that may travel.`);
  if (tree + pieces > mostBytes) {
    say('That is too much.');
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
