// Has two images pass a graph on WebGPU of which a card in software has a buffer for one at once, in a process of its own; says how many passed
// at once in the end, and what came of them.
import { multiply } from '../../tensor/elementwise.ts';
import { input, slice } from '../../tensor/structure.ts';
import { compileForward } from '../passes/forward-pass.ts';
import { YieldingPass } from '../passes/yielding-pass.ts';

const count = 2;
/** Of an image, 600 MB: no buffer of that card may have more than a GB. */
const values = 1.5e8;

const build = (images: number) => () => ({ first: multiply(slice(input('x', [images, values]), 1, 0, 3), 2) });
const pass = await YieldingPass.create(async (images) => compileForward(build(images), { device: 'webgpu' }), count);
const { first } = await pass.run(count, (from, to, images) => {
  const x = new Float32Array(images * values);
  for (let image = from; image < to; image++) x.set([image + 1, 10, 20], (image - from) * values);
  return { x };
});
await pass.dispose();
process.stdout.write(JSON.stringify({ atOnce: pass.images, first: [...first!] }));
