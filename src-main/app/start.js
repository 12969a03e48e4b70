// `npm start`: the window where Electron and a screen are there, else the same app in a browser, with one line that says why. Plain
// JavaScript, as the command line's own start, so that any Node can say what is missing.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const say = (text) => process.stderr.write(`${text}\n`);

/** Electron's executable, if it was downloaded; it is never downloaded here. */
function findElectron() {
  const usual = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[process.platform] ?? 'electron';
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) return [join(override, usual)].find((file) => existsSync(file));
  const packageFolder = join(root, 'node_modules', 'electron');
  const named = join(packageFolder, 'path.txt');
  const file = join(packageFolder, 'dist', existsSync(named) ? readFileSync(named, 'utf8').trim() : usual);
  return existsSync(file) ? file : undefined;
}

function hasScreen() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** When the newest of the sources that the build is made of was written. */
function newestSource() {
  const newestBelow = (path) =>
    statSync(path).isDirectory() ? Math.max(0, ...readdirSync(path).map((name) => newestBelow(join(path, name)))) : statSync(path).mtimeMs;
  const settings = ['package-lock.json', 'vite.config.ts', 'vite.first-frame.ts', 'vite.main.config.ts', 'vite.version.ts'];
  const parts = ['shared', 'src-renderer', 'src-main/app', 'src-main/link', ...settings];
  return Math.max(
    ...parts
      .map((part) => join(root, part))
      .filter((path) => existsSync(path))
      .map(newestBelow),
  );
}

/** Builds page and main process where there are none, or older ones than the sources: the engine runs its sources and refuses others. */
function build() {
  const built = ['renderer/index.html', 'main/main.cjs', 'main/preload.cjs'].map((file) => join(root, 'dist', file));
  const isThere = built.every((file) => existsSync(file));
  if (isThere && Math.min(...built.map((file) => statSync(file).mtimeMs)) >= newestSource()) return;
  say(isThere ? 'The app is built again, because its sources have changed …' : 'The app is built for the first time …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['run', '-s', 'build'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  say('It could not be built. Try: npm ci && npm run build');
  if (!isThere) process.exit(1);
}

/** Runs a program as if it were this one. */
function become(file, args) {
  const child = spawn(file, args, { cwd: root, stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; the child decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  child.on('error', (error) => {
    say(`${file} does not start: ${error.message}`);
    process.exit(9);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

// Before minutes go into a build of what cannot run.
if (process.platform === 'darwin' && process.arch === 'x64') {
  say('Macs with Intel processors are not supported: onnxruntime has no build for them.');
  say('Use a Mac with an Apple processor and a Node that is made for it (arm64), or Windows or Linux.');
  process.exit(9);
}
build();
const electron = findElectron();
const rest = process.argv.slice(2);
// Chromium's own sandbox refuses to run as root, as in a container.
if (electron && hasScreen()) become(electron, [root, ...(process.env.ELECTRON_DISABLE_SANDBOX ? ['--no-sandbox'] : []), ...rest]);
else {
  const how = 'for the window: npx install-electron --no, which downloads about 120 MB';
  say(`The app opens in your browser, because ${electron ? 'there is no screen' : `Electron is not here (${how})`}.`);
  become(process.execPath, [join(root, 'src-main', 'cli', 'ijepa-studio.js'), 'serve', ...rest]);
}
