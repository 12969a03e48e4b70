// Files whose size is the point, in a process of their own as in the product: its memory is what is measured.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DecoderPool } from './decoder-pool.ts';
import { defaultLimits } from './decoder.ts';
import { imageOf, plainSettings } from './testing/test-images.ts';

let root = '';
let pool: DecoderPool;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'decode-large-'));
  pool = new DecoderPool({ processes: 1 });
});
afterEach(async () => {
  await pool.dispose();
  rmSync(root, { recursive: true });
});

/** Highest resident memory of the decoder, bytes; undefined where there is no /proc. */
function peakBytes(): number | undefined {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pool.pids[0]}/status`, 'utf8'))![1]);
  } catch {
    return undefined;
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([frame, body, sum]);
}

/** A PNG whose header claims `side`×`side` grey pixels and whose data is `data`. */
function png(side: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

describe('large images', () => {
  it('of 20,000×20,000 pixels are decoded within bounded memory, and refused when the limit is lower', async () => {
    const side = 20_000;
    const path = join(root, 'scan.png');
    writeFileSync(path, png(side, deflateSync(Buffer.alloc(side * (side + 1), 0), { level: 1 })));
    const image = imageOf(await pool.decode({ path, settings: plainSettings, shortSide: 256 }));
    expect([image.width, image.height, image.originalWidth, image.originalHeight]).toEqual([256, 256, side, side]);
    // 400 million pixels would take 1.2 GB as RGB.
    expect(peakBytes() ?? 0).toBeLessThan(800e6);
    const careful = new DecoderPool({ processes: 1, limits: { ...defaultLimits, maxPixels: 100e6 } });
    try {
      expect(await careful.decode({ path, settings: plainSettings, shortSide: 256 })).toMatchObject({
        ok: false,
        failure: { reason: 'too-large' },
      });
    } finally {
      await careful.dispose();
    }
  });

  it('with an intensity mapping are decoded too: every pixel counts for the percentiles', async () => {
    const side = 16_400; // beyond sharp's own limit of 268 million pixels
    const path = join(root, 'scan.png');
    writeFileSync(path, png(side, deflateSync(Buffer.alloc(side * (side + 1), 0), { level: 1 })));
    const settings = { ...plainSettings, intensity: 'window', intensityWindow: [0, 255] } as const;
    expect(imageOf(await pool.decode({ path, settings, shortSide: 64 }))).toMatchObject({ width: 64, height: 64, originalWidth: side });
  });

  it('that are bombs cost neither time nor memory', async () => {
    const small = sharp({ create: { width: 8, height: 8, channels: 3, background: '#123' } });
    const jpeg = await small.clone().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(65_500, frame + 5);
    jpeg.writeUInt16BE(65_500, frame + 7);
    const bombs: readonly (readonly [string, Buffer])[] = [
      ['bomb.png', png(100_000, deflateSync(Buffer.alloc(50_000_000)))],
      ['bomb.jpg', jpeg],
    ];
    for (const [name, bytes] of bombs) {
      const path = join(root, name);
      writeFileSync(path, bytes);
      expect(await pool.decode({ path, settings: plainSettings, shortSide: 256 })).toMatchObject({
        ok: false,
        failure: { reason: 'too-large' },
      });
    }
    expect(peakBytes() ?? 0).toBeLessThan(300e6);
  });

  it('in files beyond 4 GB are refused without being read', async () => {
    const path = join(root, 'endless.tiff');
    const file = openSync(path, 'w');
    writeSync(file, 'II*\0', 2 ** 32 + 1000);
    closeSync(file);
    expect(statSync(path).blocks).toBeLessThan(1000);
    expect(await pool.decode({ path, settings: plainSettings, shortSide: 256 })).toMatchObject({
      ok: false,
      failure: { reason: 'too-large' },
    });
    expect(peakBytes() ?? 0).toBeLessThan(300e6);
  });
});
