// @huggingface/transformers on an encoder of the same shape. Answers `embed` per line with a line of JSON; see ../peer.ts.
// Parameters: the node_modules folder that holds it, the model's folder, threads, images per call, images in all, image side.
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules, folder, ...numbers] = process.argv.slice(2);
const [threads, batch, images, side] = numbers.map(Number);
const require = createRequire(join(modules, 'none.js'));
const { AutoModel, Tensor, env } = await import(pathToFileURL(require.resolve('@huggingface/transformers')).href);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const model = await AutoModel.from_pretrained(basename(folder), {
  dtype: 'fp32',
  device: 'cpu',
  session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
});
const pixels = Float32Array.from({ length: batch * 3 * side * side }, (_, i) => Math.sin(i));

process.stdout.write(`${JSON.stringify({ version: env.version })}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  try {
    for (let at = 0; at < images; at += batch) {
      const { last_hidden_state: tokens } = await model({ pixel_values: new Tensor('float32', pixels, [batch, 3, side, side]) });
      tokens.mean(1);
    }
    const { user, system } = process.cpuUsage(used);
    process.stdout.write(
      `${JSON.stringify({ seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6, peakMebibytes: 0 })}\n`,
    );
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error).slice(0, 200) })}\n`);
  }
}
