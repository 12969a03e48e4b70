// A run that is stopped on one device and gone on with on another, beside one that was never stopped: the loss goes on where it was.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../command-line.ts';
import { lossesBeside } from './losses.ts';
import type { StepLoss } from './losses.ts';

const usage = 'node bench/lent-machine/resume.ts PICTURES [--from webgpu] [--to cpu] [--steps 200] [--stop 20] [--json FILE]';
const { values, positionals } = commandLine(usage, {
  allowPositionals: true,
  options: {
    from: { type: 'string', default: 'webgpu' },
    to: { type: 'string', default: 'cpu' },
    steps: { type: 'string', default: '200' },
    stop: { type: 'string', default: '20' },
    json: { type: 'string' },
  },
});
const [pictures] = positionals;
if (pictures === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const entry = fileURLToPath(new URL('../../src-main/cli/ijepa-studio.js', import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Trained {
  readonly losses: readonly StepLoss[];
  /** What it trained on, and why. */
  readonly device: string;
  readonly reason: string;
  /** Why it ended otherwise than it should. */
  readonly error?: string;
}

/** Events of `train --json` that matter here. */
interface Line {
  readonly type: string;
  readonly step?: number;
  readonly loss?: number;
  readonly device?: string;
  readonly deviceReason?: string;
  readonly message?: string;
}

/** Trains, and presses Ctrl-C after the step `stopAfter`. */
async function train(words: readonly string[], stopAfter = Infinity): Promise<Trained> {
  const child = spawn(process.execPath, [entry, 'train', ...words, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const losses: StepLoss[] = [];
  let [device, reason, error]: [string, string, string | undefined] = ['', '', undefined];
  let asked = false;
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    if (line.type === 'started') [device, reason] = [line.device ?? '', line.deviceReason ?? ''];
    if (line.type === 'error') error = line.message ?? text;
    if (line.type !== 'step' || line.step === undefined || line.loss === undefined) continue;
    losses.push({ step: line.step, loss: line.loss });
    if (line.step < stopAfter || asked) continue;
    asked = true;
    child.kill('SIGINT');
  }
  await ended;
  return { losses, device, reason, ...(error !== undefined && { error }) };
}

const home = mkdtempSync(join(tmpdir(), 'ijepa-resume-'));
try {
  // One loss from the first step to the last: crops of one size.
  const settings = ['--home', home, '--steps', values.steps, '--small-first', '0', '--evaluate-images', '0', '--seed', '1'];
  let from = values.from;
  let first = await train([pictures, ...settings, '--device', from, '--run', 'stopped'], Number(values.stop));
  if (first.losses.length === 0 && from !== values.to) {
    say(`On ${from} nothing could be trained: ${first.error ?? 'it ended without a word'}`);
    say(`So that stopping and going on is seen all the same, ${values.to} stands in for it.`);
    from = values.to;
    first = await train([pictures, ...settings, '--device', from, '--run', 'stopped-there'], Number(values.stop));
  }
  const run = from === values.from ? 'stopped' : 'stopped-there';
  say(`Stopped after step ${first.losses.at(-1)?.step ?? 0} on ${first.device}. ${first.reason}`);
  const second = await train(['--resume', '--run', run, '--home', home, '--device', values.to]);
  say(`Gone on with at step ${second.losses[0]?.step ?? 0} on ${second.device}. ${second.reason}`);
  const whole = await train([pictures, ...settings, '--device', values.to, '--run', 'whole']);
  const errors = [first, second, whole].flatMap(({ error }) => error ?? []);
  for (const error of errors) say(`Failed: ${error}`);
  const found = lossesBeside([first.losses, second.losses], whole.losses);
  say(`Losses of ${first.device} to ${second.device} beside those of ${whole.device} alone, ${found.steps} steps: ${found.sentence}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ first, second, whole, found }, null, 2)}\n`);
  if (errors.length > 0 || !found.goesOn) process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
