// Trains on the pictures of a decode cache in a process of its own, whose batches so many threads cut from the first step on, and says the
// peak of its resident memory, bytes. Arguments: settings as JSON, folder of the cache, threads, steps.
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../../shared/config/config.ts';
import { DecodeCache } from '../../images/cache.ts';
import { initialState } from '../../training/run-folder/state.ts';
import { StepRunner } from '../../training/step-runner.ts';
import { trainingBatches } from '../run-data.ts';

const [settings, folder, threads, steps] = process.argv.slice(2) as [string, string, string, string];
const config = parseConfig(JSON.parse(settings) as Record<string, unknown>);
// A run holds the index of its cache, too.
const cache = new DecodeCache(folder, { access: 'read' });
const batches = trainingBatches(config, Number(steps), { cache: folder, hashes: [...cache.hashes()] }, Number(threads));
const runner = await StepRunner.create(config, Number(steps), { device: 'cpu', threads: config.threads });
const state = initialState(config);
while (state.step < Number(steps)) await runner.run(state, (await batches.next(state.step)).patches);
process.stdout.write(String(1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1])));
await batches.dispose();
await runner.dispose();
cache.dispose();
