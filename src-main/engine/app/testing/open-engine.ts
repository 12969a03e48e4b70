// An engine in this process with a page on it, and a small folder of pictures to work on.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { protocolVersion } from '../../../../shared/contract/protocol-version.ts';
import { RpcClient } from '../../../../shared/contract/rpc-client.ts';
import { Random } from '../../../../shared/random.ts';
import { portPair } from '../../../../shared/testing/port-pair.ts';
import { Engine } from '../engine.ts';
import type { EngineOptions } from '../engine.ts';
import type { engineContract } from '../handlers.ts';

export type Page = RpcClient<typeof engineContract>;

/** A page on an engine. */
export function pageOf(engine: Engine): Page {
  const ports = portPair();
  engine.serve(ports.engine);
  const page: Page = new RpcClient(ports.page);
  ports.announce({ type: 'engine', state: 'ready', protocol: protocolVersion });
  return page;
}

export function openEngine(home: string, options: Partial<EngineOptions> = {}): { readonly engine: Engine; readonly page: Page } {
  const engine = new Engine({ home, roots: [], ...options });
  return { engine, page: pageOf(engine) };
}

/** Pictures of two kinds, `count` of each, in folders called after them. */
export async function drawPictures(folder: string, count: number): Promise<void> {
  for (const [k, kind] of ['stripes', 'dots'].entries()) {
    mkdirSync(join(folder, kind), { recursive: true });
    for (let i = 0; i < count; i++) {
      const random = new Random(5, 'test', k, i);
      const tint = [random.integer(256), random.integer(256), random.integer(256)];
      const period = 3 + random.integer(5);
      const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => {
        const [x, y, c] = [Math.floor(at / 3) % 32, Math.floor(at / 96), at % 3];
        const on = k === 0 ? x % period < 2 : (x % period) + (y % period) < 3;
        return on ? tint[c]! : 255 - tint[c]!;
      });
      await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
        .png()
        .toFile(join(folder, kind, `${kind} ${String(i).padStart(3, '0')}.png`));
    }
  }
}

/** Settings of a run that takes a second. */
export const quickSettings = {
  architecture: 'custom',
  width: 24,
  depth: 1,
  heads: 2,
  mlpRatio: 2,
  imageSize: 32,
  patchSize: 8,
  predictorWidth: 12,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 8,
  threads: 1,
  checkpointMinutes: 0,
} as const;

/** An engine whose library is a folder of so many drawn pictures, all below `place`, which is the caller's to remove. */
export async function openScanned(name: string, count: number) {
  const place = mkdtempSync(join(tmpdir(), `ijepa-${name}-`));
  const [pictures, home] = [join(place, 'pictures'), join(place, 'home')];
  await drawPictures(pictures, count);
  const { engine, page } = openEngine(home);
  const { folder, job } = await page.call('library.scan', { path: pictures });
  await page.call('jobs.wait', { job });
  return { place, pictures, home, engine, page, folder };
}
