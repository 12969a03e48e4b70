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
