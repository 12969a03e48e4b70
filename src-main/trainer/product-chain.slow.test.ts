// Chains of products on a card in software and on TensorFlow, beside float64, and the rates that they tell.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { nodeArguments } from '../files/node-arguments.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../runtime/testing/software-gpu.ts';
import { noTensorflow, whySkipped } from '../runtime/testing/tensorflow-here.ts';
import { compileChain } from './product-chain.ts';
import { productRate } from './product-rate.ts';
import { chainDeviation } from './testing/chain-deviation.ts';

it.skipIf(noSoftwareGpu !== undefined)(
  `A chain on WebGPU comes to what it does in float64, and a slow card says its rate within a minute${noSoftwareGpu ? `, ${noSoftwareGpu}` : ''}`,
  { timeout: 120_000 },
  async () => {
    const program = join(import.meta.dirname, 'testing', 'run-chain.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, program], {
      env: { ...process.env, ...softwareGpuEnvironment },
    });
    const { deviation, rate, side, seconds } = JSON.parse(stdout) as Record<'deviation' | 'rate' | 'side' | 'seconds', number>;
    if (process.env['IJEPA_FIGURES'] === '1') process.stderr.write(`${stdout}\n`);
    expect(deviation).toBeLessThan(1e-4);
    expect(rate).toBeGreaterThan(0);
    expect(side).toBeGreaterThanOrEqual(128);
    expect(seconds).toBeLessThan(60);
  },
);

it.skipIf(noTensorflow !== undefined).each(['float32', 'bfloat16'] as const)(
  `A chain on TensorFlow comes to what it does in float64, in %s${whySkipped}`,
  { timeout: 120_000 },
  async (precision) => {
    const options = { device: 'tensorflow', precision, threads: 2 } as const;
    const chain = { side: 96, products: 8 };
    const call = await compileChain(chain, options);
    await call.run();
    const deviation = chainDeviation(chain, await call.run());
    await call.dispose();
    if (precision === 'bfloat16') expect(deviation).toBeGreaterThan(1e-4);
    expect(deviation).toBeLessThan(precision === 'bfloat16' ? 3e-2 : 1e-5);
    const { rate } = await productRate(options);
    if (process.env['IJEPA_FIGURES'] === '1')
      process.stderr.write(`${precision}: ${deviation.toExponential(1)}, ${rate.toFixed(1)} GFLOP/s\n`);
    expect(rate).toBeGreaterThan(0.1);
  },
);
