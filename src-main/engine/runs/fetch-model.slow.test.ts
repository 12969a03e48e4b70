import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { publishedModels } from '../../weights/model-list.ts';
import { homeAt } from '../home.ts';
import { checkNote, dropFetched, fetchModel, isModelHere, modelCalled, modelFolder } from './fetch-model.ts';

vi.mock('node:fs', { spy: true });

const folder = mkdtempSync(join(tmpdir(), 'ijepa-models-'));
const home = homeAt(join(folder, 'home'));
const files: Readonly<Record<string, string>> = { 'config.json': '{"a":1}', 'model.safetensors': 'weights' };
let server: Server;
let address = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    const text = files[request.url!.slice(1)];
    if (text === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': text.length }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const model = () => ({
  name: 'small',
  what: 'a test',
  bytes: 7,
  sha256: createHash('sha256').update(files['model.safetensors']!).digest('hex'),
  address,
});

describe('published weights', () => {
  it('are fetched with what describes them, after their licence was accepted', async () => {
    await expect(fetchModel(home, model(), { accepted: false })).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('non-commercial') as unknown,
    });
    expect(existsSync(home.path)).toBe(false);
    const { folder: place, checked } = await fetchModel(home, model(), { accepted: true });
    expect(checked).toContain('is the published one');
    expect(readdirSync(place).sort()).toEqual(['checked-by.txt', 'config.json', 'model.safetensors']);
    expect(readFileSync(join(place, 'config.json'), 'utf8')).toBe('{"a":1}');
    expect(isModelHere(home, model())).toBe(true);
    // What is here needs neither network nor question.
    expect(await fetchModel(home, { ...model(), address: 'http://127.0.0.1:1' }, { accepted: false })).toEqual({ folder: place, checked });
    dropFetched(home, model());
    expect([existsSync(place), isModelHere(home, model())]).toEqual([false, false]);
  });

  it('that are other ones than published, or too large for the disk, are refused', async () => {
    await expect(fetchModel(home, { ...model(), name: 'wrong', sha256: 'a'.repeat(64) }, { accepted: true })).rejects.toMatchObject({
      code: 'bad-file',
    });
    await expect(fetchModel(home, { ...model(), name: 'huge', bytes: 1e18 }, { accepted: true })).rejects.toMatchObject({
      code: 'disk-full',
    });
  });

  it('that were cut need room for the rest alone', async () => {
    const cut = { ...model(), name: 'cut' };
    const place = modelFolder(home, cut);
    mkdirSync(place, { recursive: true });
    // Room for two copies and a little: what is here is of the third.
    const free = (bytes: number): void =>
      void vi.mocked(statfsSync).mockReturnValueOnce(Object.assign(statfsSync(place), { bavail: bytes, bsize: 1 }));
    free(16);
    await expect(fetchModel(home, cut, { accepted: true })).rejects.toMatchObject({ code: 'disk-full' });
    writeFileSync(join(place, 'model.safetensors.part'), 'weigh');
    free(15);
    await expect(fetchModel(home, cut, { accepted: true })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('GB more while') as string,
    });
    free(16);
    await fetchModel(home, cut, { accepted: true });
    expect(readFileSync(join(place, 'model.safetensors'), 'utf8')).toBe('weights');
  });

  it('without a known checksum are called what they are, before and after, also by a later import', async () => {
    const { sha256: _known, ...bare } = { ...model(), name: 'bare' };
    expect(checkNote(bare)).toContain('No checksum of it is known');
    expect(checkNote(model())).toBeUndefined();
    const fetched = await fetchModel(home, bare, { accepted: true });
    expect(fetched.checked).toContain('was not checked against a checksum');
    expect(await fetchModel(home, bare, { accepted: true })).toEqual(fetched);
    rmSync(join(fetched.folder, 'checked-by.txt'));
    expect((await fetchModel(home, bare, { accepted: true })).checked).toContain('is not known');
    // Another file under the same name has another size.
    await expect(fetchModel(home, { ...bare, name: 'other', bytes: 8 }, { accepted: true })).rejects.toMatchObject({ code: 'bad-file' });
  });

  it('are fetched by one at a time', async () => {
    const twice = await Promise.allSettled([1, 2].map(async () => fetchModel(home, { ...model(), name: 'twice' }, { accepted: true })));
    expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(twice.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'locked' } });
  });

  it('have names, sizes and checksums of the right form', () => {
    expect(modelCalled('ijepa_vith14_1k').bytes).toBeGreaterThan(2e9);
    expect(() => modelCalled('other')).toThrow(/no model called/);
    for (const { sha256, address: place } of publishedModels) {
      expect(sha256 ?? '0'.repeat(64)).toMatch(/^[0-9a-f]{64}$/);
      expect(place).toMatch(/^https:/);
    }
  });
});
