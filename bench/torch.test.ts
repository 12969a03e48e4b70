import { describe, expect, it } from 'vitest';
import { besideTorch } from './torch.ts';
import type { TimedStep } from './torch.ts';

const step = (name: string, seconds: number, more: Partial<TimedStep> = {}): TimedStep => ({
  name,
  of: 'ViT-S/16',
  precision: 'float32',
  onCard: true,
  seconds,
  ...more,
});

describe('our steps beside those of PyTorch', () => {
  it('are compared with the fastest of the same sizes, precision and kind of place, and with no other', () => {
    const bfloat16 = { precision: 'bfloat16' } as const;
    const ours = [
      step('TensorFlow', 0.2),
      step('TensorFlow', 0.1, bfloat16),
      step('Processor', 4, { onCard: false }),
      step('WebGPU', 0.3, { precision: 'float16' }),
      step('TensorFlow', 1, { of: 'ViT-B/16' }),
    ];
    const theirs = [
      step('PyTorch', 0.3),
      step('PyTorch compiled', 0.15),
      step('PyTorch', 0.08, bfloat16),
      step('PyTorch on the processor', 6, { onCard: false }),
    ];
    expect(besideTorch(ours, theirs).map(({ name, value }) => [name, value])).toEqual([
      ['TensorFlow: ViT-S/16, speed over PyTorch compiled', '0.75 ×'],
      ['TensorFlow: ViT-S/16 in bfloat16, speed over PyTorch', '0.80 ×'],
      ['Processor: ViT-S/16, speed over PyTorch on the processor', '1.50 ×'],
    ]);
  });
});
