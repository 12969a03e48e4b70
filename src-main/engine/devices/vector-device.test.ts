// Embeddings and evaluations on a card that fails, is full, or belongs to a run.
import { describe, expect, it, vi } from 'vitest';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { Trainer } from '../../trainer/trainer.ts';
import type { Devices } from './devices.ts';
import { onVectorDevice } from './vector-device.ts';
import type { VectorDevice, VectorPlace } from './vector-device.ts';

const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');
const full = new AppError('out-of-memory', 'The card was full.', 'Choose less.');
const wrong = new AppError('bad-checkpoint', 'The file is damaged.', 'Choose another.');

/** Devices that choose these one after the other, and work that ends in these errors before it succeeds. */
function setUp(chosen: readonly DeviceId[], errors: readonly AppError[]) {
  const trainer = new Trainer();
  const ended = vi.spyOn(trainer, 'dispose').mockResolvedValue();
  const [left, faults] = [[...chosen], [...errors]];
  const failed: string[] = [];
  const asked: number[] = [];
  const devices = {
    forVectors: async (_wanted: string, operations: () => Promise<number>) => {
      asked.push(await operations());
      const device = left.length > 1 ? left.shift()! : left[0]!;
      return { device, reason: `${device}, by its test.` };
    },
    failed: async (id: DeviceId, message: string) => Promise.resolve(void failed.push(`${id}: ${message}`)),
  } as unknown as Devices;
  const places: VectorDevice[] = [];
  const reasons: string[] = [];
  const run = async (place: VectorPlace = {}): Promise<string> =>
    onVectorDevice(
      devices,
      trainer,
      { onDevice: ({ reason }) => reasons.push(reason), ...place },
      async () => Promise.resolve(7),
      async (on) => {
        places.push(on);
        const error = faults.shift();
        if (error) throw error;
        return Promise.resolve('done');
      },
    );
  return { run, places, reasons, failed, asked, ended };
}

describe('work on a card', () => {
  it('that is lost is noted, and chosen anew by what its test says now; its process is ended each time', async () => {
    const { run, places, reasons, failed, ended } = setUp(['webgpu', 'webgpu', 'cpu'], [lost, lost]);
    expect(await run()).toBe('done');
    expect(places).toEqual([{ device: 'webgpu' }, { device: 'webgpu' }, { device: 'cpu' }]);
    expect(reasons).toEqual(['webgpu, by its test.', 'webgpu, by its test.', 'cpu, by its test.']);
    expect(failed).toEqual(['webgpu: The device was lost.', 'webgpu: The device was lost.']);
    expect(ended).toHaveBeenCalled();
  });

  it('that is full goes on with fewer images there, then on the processor, and the card stays in use for other work', async () => {
    const { run, places, reasons, failed } = setUp(['webgpu'], [full, full]);
    expect(await run()).toBe('done');
    expect(places).toEqual([{ device: 'webgpu' }, { device: 'webgpu', batch: 4 }, { device: 'cpu' }]);
    expect(reasons.slice(1)).toEqual([
      'webgpu, by its test. The card was full. It goes on with 4 images at once.',
      'The processor. The card was full.',
    ]);
    expect(failed).toEqual([]);
  });

  it('that was asked for by name is for the person to decide about, and an error of something else is nobody’s fault', async () => {
    const named = setUp(['webgpu'], [lost]);
    await expect(named.run({ device: 'webgpu' })).rejects.toBe(lost);
    expect(named.failed).toEqual(['webgpu: The device was lost.']);
    const small = setUp(['webgpu'], [full, full]);
    await expect(small.run({ device: 'webgpu' })).rejects.toBe(full);
    expect(small.places).toEqual([{ device: 'webgpu' }, { device: 'webgpu', batch: 4 }]);
    const other = setUp(['webgpu'], [wrong]);
    await expect(other.run()).rejects.toBe(wrong);
    expect(other.failed).toEqual([]);
  });

  it('leaves the memory of the card to the next one', async () => {
    const card = setUp(['webgpu'], []);
    await card.run();
    expect(card.ended).toHaveBeenCalledOnce();
    const processor = setUp(['cpu'], []);
    await processor.run();
    expect(processor.ended).not.toHaveBeenCalled();
  });

  it('is not begun while a run trains there, nor is the card tested then, unless it was asked for by name', async () => {
    const taken = setUp(['webgpu'], []);
    await taken.run({ isCardTaken: true });
    expect([taken.places, taken.reasons]).toEqual([[{ device: 'cpu' }], ['The processor. A run trains on the graphics card.']]);
    expect(taken.asked).toEqual([0]);
    const named = setUp(['webgpu'], []);
    await named.run({ isCardTaken: true, device: 'webgpu' });
    expect(named.places).toEqual([{ device: 'webgpu' }]);
    const free = setUp(['webgpu'], []);
    await free.run();
    expect(free.asked).toEqual([7]);
  });

  it('ends with the signal’s reason where it was aborted before', async () => {
    const { run, places } = setUp(['webgpu'], []);
    const reason = new Error('Enough.');
    await expect(run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(places).toEqual([]);
  });
});
