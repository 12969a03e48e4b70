import { expect, it } from 'vitest';
import type { Diagnosis } from '../../engine/doctor.ts';
import { diagnosisLines } from './doctor.ts';

it('what a device lacks is said with the flags of the terminal', () => {
  const reason = 'CUDA is not there. Or train on the processor (device=cpu).';
  const found: Diagnosis = {
    program: '1',
    node: '22',
    sharp: '1',
    sqlite: '3',
    system: 'Linux',
    processor: 'A processor',
    cores: 2,
    memoryFree: 1e9,
    memoryTotal: 2e9,
    cards: [{ name: 'A card' }, { name: 'Another', driverless: true }],
    devices: [{ id: 'cuda', state: 'absent', reason }],
    step: { crops: 128, imageSize: 32 },
    beside: [],
    cardTaken: false,
    chosen: 'cpu',
    chosenReason: `The processor. ${reason}`,
    vectors: 'cpu',
    vectorsReason: `The processor. ${reason}`,
    advice: [`A graphics card is there, and cannot be used: CUDA: ${reason}`],
  };
  const said = diagnosisLines(found).join('\n');
  expect(said).toContain('Graphics card: A card\nGraphics card: Another, without a driver\n');
  expect(said).not.toContain('device=cpu');
  expect(said.split('--device cpu')).toHaveLength(5);
  expect(said).not.toContain('no card was tested');
  expect(diagnosisLines({ ...found, cardTaken: true }).join('\n')).toContain('no card was tested beside it');
});

it('how fast a device is, and how much of that a step makes of it, is one line; beside it stands how many images pass at once', () => {
  const device = { id: 'webgpu', state: 'ready', reason: 'It computes right.', matmulRate: 1234.5, runtime: 'onnxruntime 1' } as const;
  const found = {
    cards: [],
    step: { crops: 128, imageSize: 32 },
    beside: [],
    cardTaken: false,
    chosenReason: 'WebGPU.',
    vectorsReason: 'WebGPU.',
    advice: [],
    memoryFree: 1e9,
    memoryTotal: 2e9,
  } as unknown as Diagnosis;
  const lines = (devices: Diagnosis['devices'], more: Partial<Diagnosis> = {}): string =>
    diagnosisLines({ ...found, devices, ...more }).join('\n');
  const said = lines([{ ...device, stepSeconds: 0.25, stepShare: 0.618 }], { passes: 'All 64 images of a batch.' });
  expect(said).toContain('1235 GFLOP/s in bare matrix products, a training step 0.25 s (its products at 62 % of that), onnxruntime 1');
  expect(said).toContain('Micro-batch of the usual recipe: All 64 images of a batch.');
  const slow = lines([{ ...device, stepSeconds: null }]);
  expect(slow).toContain('a training step far slower, onnxruntime 1');
  expect(slow).not.toContain('Micro-batch');
});
