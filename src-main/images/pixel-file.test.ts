import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { PixelFile, pixelWriter } from './pixel-file.ts';

function noise(seed: number, length: number): Uint8Array {
  const random = new Random(seed, 'test');
  return Uint8Array.from({ length }, () => random.integer(256));
}

describe('pixels in a file', () => {
  it('come out as they were put, each place by itself, after the file has lost its name', () => {
    const file = new PixelFile();
    const put = pixelWriter(file.path);
    file.forgetName();
    if (process.platform !== 'win32') expect(existsSync(file.path)).toBe(false);
    const pictures = [noise(1, 20_000), noise(2, 70_001), noise(3, 16_384)];
    const placed = pictures.map((pixels, place) => put(place, pixels)!);
    for (const i of [2, 0, 1]) expect(file.read(placed[i]!).pixels).toEqual(pictures[i]);
    const shorter = put(1, noise(4, 30_000))!;
    expect(file.read(shorter).pixels).toEqual(noise(4, 30_000));
    expect(() => file.read({ place: 2, bytes: 100_000_000 })).toThrow(/end after/);
    file.dispose();
  });

  it('are not overwritten by later ones until they are released', () => {
    const file = new PixelFile();
    const put = pixelWriter(file.path);
    const first = file.read(put(0, noise(1, 20_000))!);
    const second = file.read(put(0, noise(2, 20_000))!);
    expect(first.pixels).toEqual(noise(1, 20_000));
    expect(second.pixels).toEqual(noise(2, 20_000));
    first.release();
    first.release();
    const third = file.read(put(0, noise(3, 19_000))!);
    const fourth = file.read(put(0, noise(4, 19_000))!);
    expect(third.pixels.buffer).toBe(first.pixels.buffer);
    expect(fourth.pixels.buffer).not.toBe(first.pixels.buffer);
    expect([third.pixels, fourth.pixels, second.pixels]).toEqual([noise(3, 19_000), noise(4, 19_000), noise(2, 20_000)]);
    file.dispose();
  });

  it('are sent instead when they are few, too many, or there is no file', () => {
    const file = new PixelFile();
    const put = pixelWriter(file.path);
    expect(put(0, new Uint8Array(1000))).toBeUndefined();
    expect(put(0, new Uint8Array(32 * 1024 * 1024 + 1))).toBeUndefined();
    file.dispose();
    expect(pixelWriter(file.path)(0, new Uint8Array(20_000))).toBeUndefined();
    expect(pixelWriter(undefined)(0, new Uint8Array(20_000))).toBeUndefined();
  });
});
