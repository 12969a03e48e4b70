// A window to be killed: owns an engine that trains and scans, says on stdout how far it is, and stays. Arguments: home and folder.
import { protocolVersion } from '../../../shared/contract/protocol-version.ts';
import { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { EngineLink } from '../../link/engine-link.ts';
import type { engineContract } from '../app/handlers.ts';
import { quickSettings } from '../app/testing/open-engine.ts';

const [home, folder] = process.argv.slice(2) as [string, string];
const link = new EngineLink({ node: process.execPath, entry: new URL('../engine-process.ts', import.meta.url).pathname, home });
const page = new RpcClient<typeof engineContract>(link.connect());
await new Promise<void>((resolve) => {
  page.watch((state) => state === 'ready' && resolve());
});
const { folder: id, job } = await page.call('library.scan', { path: folder });
await page.call('jobs.wait', { job });
const settings = { ...quickSettings, steps: 1_000_000, evaluateImages: 0, checkpointSteps: 50 };
await page.call('runs.start', { folder: id, settings, name: 'owned', usable: false });
const said = new Set<string>();
void page.call(
  'jobs.watch',
  {},
  {
    onEvent: ({ jobs }) => {
      for (const { kind, state, progress } of jobs) {
        if (kind !== 'train' || state !== 'running' || progress.done < 3 || said.has('trains')) continue;
        said.add('trains');
        // Decoders of originals too: nothing of this size is in the cache.
        void page.call('library.page', { folder: id, filter: {}, offset: 0, limit: 1 }).then(async ({ rows }) => {
          const crop = { image: rows[0]!.id, settings: { imageSize: 512 }, seed: 1, step: 1, whole: true };
          await page.call('masks.crop', crop);
          process.stdout.write(`trains on protocol ${protocolVersion}\n`);
        });
      }
    },
  },
);
