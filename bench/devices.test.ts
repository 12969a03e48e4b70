import { describe, expect, it } from 'vitest';
import type { DeviceReport } from '../shared/devices.ts';
import { devicesToTest } from './devices.ts';

const report = (id: DeviceReport['id'], state: DeviceReport['state']): DeviceReport => ({ id, state, reason: 'Said.' });

describe('the devices of the bench', () => {
  it('are those that could use a card, and TensorFlow wherever it is installed', () => {
    const withoutCard = [report('cpu', 'ready'), report('webgpu', 'absent')];
    expect(devicesToTest(withoutCard, false)).toEqual(['cpu']);
    expect(devicesToTest(withoutCard, true)).toEqual(['cpu', 'tensorflow']);
    const withCard = [report('cpu', 'ready'), report('webgpu', 'untested'), report('tensorflow', 'untested')];
    expect(devicesToTest(withCard, true)).toEqual(['cpu', 'webgpu', 'tensorflow']);
  });
});
