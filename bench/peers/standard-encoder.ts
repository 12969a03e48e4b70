// The encoder as other tools export it: standard ONNX operators alone, weights in the file, pixels in, `last_hidden_state` out; as a
// folder that @huggingface/transformers loads. Its weights are random: downloads are not needed to measure.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoderParameters, initialValues } from '../../src-main/jepa/model.ts';
import type { ModelSize } from '../../src-main/jepa/model.ts';
import { sineCosinePositions } from '../../src-main/jepa/positions.ts';
import { networkInputs } from '../../src-main/jepa/transformer.ts';
import { add, multiply } from '../../src-main/tensor/elementwise.ts';
import type { Tensor } from '../../src-main/tensor/graph.ts';
import { gelu, layerNorm, softmax } from '../../src-main/tensor/layers.ts';
import { lowerOnnx } from '../../src-main/tensor/lower-onnx.ts';
import { linear, matmul } from '../../src-main/tensor/products.ts';
import { constant, input, reshape, slice, transpose } from '../../src-main/tensor/structure.ts';

function encode(size: ModelSize, pixels: Tensor): Tensor {
  const network = networkInputs('targetEncoder', encoderParameters(size));
  const { encoder, grid, patchSize } = size;
  const [batch, tokens, width] = [pixels.shape[0]!, grid ** 2, encoder.width];
  const perHead = width / encoder.heads;
  const dense = (name: string, values: Tensor): Tensor => linear(values, network(`${name}.weight`), network(`${name}.bias`));
  const norm = (name: string, values: Tensor): Tensor => layerNorm(values, network(`${name}.weight`), network(`${name}.bias`), 1e-6);
  const cells = transpose(reshape(pixels, [batch, 3, grid, patchSize, grid, patchSize]), [0, 2, 4, 1, 3, 5]);
  const patches = reshape(cells, [batch, tokens, 3 * patchSize ** 2]);
  let x = add(dense('patchEmbed', patches), constant(sineCosinePositions(width, grid), [1, tokens, width]));
  for (let i = 0; i < encoder.depth; i++) {
    const packed = dense(`blocks.${i}.attention.qkv`, norm(`blocks.${i}.norm1`, x));
    const [q, k, v] = [0, 1, 2].map((part) => {
      const values = slice(packed, 2, part * width, width);
      return transpose(reshape(values, [batch, tokens, encoder.heads, perHead]), part === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3]);
    }) as [Tensor, Tensor, Tensor];
    const mixed = matmul(softmax(multiply(matmul(q, k), 1 / Math.sqrt(perHead))), v);
    x = add(x, dense(`blocks.${i}.attention.proj`, reshape(transpose(mixed, [0, 2, 1, 3]), [batch, tokens, width])));
    x = add(x, dense(`blocks.${i}.mlp.fc2`, gelu(dense(`blocks.${i}.mlp.fc1`, norm(`blocks.${i}.norm2`, x)))));
  }
  return norm('norm', x);
}

/** Writes the model for batches of `batch` images into `folder`, as `AutoModel.from_pretrained` expects it. */
export function writeStandardEncoder(size: ModelSize, batch: number, folder: string): void {
  const side = size.grid * size.patchSize;
  const weights = Object.fromEntries(
    encoderParameters(size).map((spec, place) => [`targetEncoder.${spec.name}`, initialValues(spec, 1, place)]),
  );
  const tokens = encode(size, input('pixel_values', [batch, 3, side, side]));
  const { bytes } = lowerOnnx({ last_hidden_state: tokens }, { weights });
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx', 'model.onnx'), bytes);
  const config = {
    model_type: 'ijepa',
    architectures: ['IJepaModel'],
    hidden_size: size.encoder.width,
    num_hidden_layers: size.encoder.depth,
    num_attention_heads: size.encoder.heads,
    image_size: side,
    patch_size: size.patchSize,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}
