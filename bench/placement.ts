// Where the nodes of a training step run on a device, from onnxruntime's profiles of steps in a process of their own.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TrainConfig } from '../shared/config/config-table.ts';
import type { OnnxDevice } from '../shared/devices.ts';
import { largestShares, readProfile, together } from './profile.ts';
import type { Placement } from './profile.ts';
import type { Row } from './row.ts';

const steps = 2;
const script = fileURLToPath(new URL('./peers/profiled.ts', import.meta.url));

/** What a program prints. Throws what it said when it ends otherwise than well or takes longer than `limitMs`. */
export async function answered(
  program: string,
  given: readonly string[],
  limitMs: number,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const options = { timeout: limitMs, env: { ...process.env, ...environment } };
  try {
    return (await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...given], options)).stdout;
  } catch (error) {
    const { killed, signal, stderr } = error as { killed: boolean; signal: string | null; stderr: string };
    throw new Error(
      killed ? `it took longer than ${limitMs / 1000} s` : stderr.trim().split('\n').at(-1)! || `its process ended (${signal})`,
      {
        cause: error,
      },
    );
  }
}

/** Throws what the process said when it ends otherwise than well or takes longer than `limitMs`; `environment` may name a driver. */
export async function placementOn(
  device: OnnxDevice,
  config: TrainConfig,
  limitMs: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<Placement> {
  const folder = mkdtempSync(join(tmpdir(), 'ijepa-bench-profile-'));
  try {
    const given = [JSON.stringify(config), device, String(config.threads), String(steps), folder];
    await answered(script, given, limitMs, environment);
    return together(readdirSync(folder).map((file) => readProfile(readFileSync(join(folder, file), 'utf8'), steps)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;

/** `title` says the device and the network. */
export function placementRows(title: string, device: OnnxDevice, placement: Placement): readonly Row[] {
  const { nodes, copies, outsideSeconds } = placement;
  const onHost = nodes['CPUExecutionProvider'] ?? 0;
  const counts = Object.entries(nodes).map(([provider, count]) => `${count.toLocaleString('en')} on ${provider}`);
  return [
    {
      name: `${title}, where its nodes ran`,
      value: counts.join(', '),
      figure: onHost,
      ...(device !== 'cpu' && { goal: 'none on the CPU' }),
      detail: placement,
    },
    {
      name: `${title}, time of its nodes`,
      value: largestShares(placement, 5)
        .map(([operation, share]) => `${operation} ${percent(share)}`)
        .join(', '),
    },
    {
      name: `${title}, copies between host and device`,
      value:
        (copies.nodes === 0
          ? 'no nodes'
          : `${copies.nodes} nodes, ${(copies.bytes / 1e6).toPrecision(3)} MB, ${milliseconds(copies.seconds)} a step`) +
        `; inputs, waiting and results beside them: ${milliseconds(outsideSeconds)}`,
      figure: copies.nodes,
      ...(device !== 'cpu' && { goal: 'none' }),
    },
  ];
}
