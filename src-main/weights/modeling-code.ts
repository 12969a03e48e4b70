// The stem of convolutions as Python: neither transformers' nor timm's encoders come with one.
import type { ModelSize } from '../jepa/model.ts';
import { isWholeStem, stemLayers } from '../jepa/stem.ts';
import { kernelSide } from '../jepa/windows.ts';

/** Of a Hugging Face folder whose encoder is none of transformers' own. */
export const ownModelType = 'ijepa_studio';
const moduleName = 'modeling_ijepa_studio';

/** What transformers' own class cannot hold. */
export const needsOwnCode = (size: Pick<ModelSize, 'stem'>): boolean => isWholeStem(size);

/** The file of the folder that holds its code. */
export const modelingFile = `${moduleName}.py`;

/** Python that makes `Convolutions`, given `nn`; nothing for the usual stem. */
export function torchStem(size: ModelSize): readonly string[] {
  if (!isWholeStem(size)) return [];
  const layers = stemLayers(size).flatMap(({ inner, outer, hasNorm }) => [
    `nn.Conv2d(${inner / kernelSide ** 2}, ${outer}, ${kernelSide}, stride=2, padding=1)`,
    ...(hasNorm ? [`ChannelNorm(${outer}, eps=1e-6)`, 'nn.GELU()'] : []),
  ]);
  return [
    'class ChannelNorm(nn.LayerNorm):',
    '    def forward(self, x):',
    '        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)',
    '',
    '',
    'class Convolutions(nn.Sequential):',
    '    def __init__(self):',
    `        super().__init__(${layers.join(', ')})`,
  ];
}

/** The call by which transformers opens the folder. */
export const openingCall = (size: ModelSize, folder: string): string =>
  `AutoModel.from_pretrained(${folder}${needsOwnCode(size) ? ', trust_remote_code=True' : ''})`;

/** The keys of config.json by which transformers finds the class, in the folder's own code where it has to. */
export const modelClass = (size: ModelSize): Record<string, unknown> =>
  needsOwnCode(size)
    ? {
        architectures: ['IJepaStudioModel'],
        model_type: ownModelType,
        auto_map: { AutoConfig: `${moduleName}.IJepaStudioConfig`, AutoModel: `${moduleName}.IJepaStudioModel` },
      }
    : { architectures: ['IJepaModel'], model_type: 'ijepa' };

/**
 * The folder's own code, whole: transformers' class would have a first layer of new, random weights, and what a version of it calls its
 * parts is translated for its own classes alone. With a type that transformers does not know, nobody opens it as what it is not.
 */
export const modelingCode = (
  size: ModelSize,
): string => `"""The encoder of an I-JEPA that embeds patches by convolutions, as I-JEPA Studio has written it. It is opened by
AutoModel.from_pretrained(FOLDER, trust_remote_code=True); an image is the mean of last_hidden_state over its patches."""

import torch
from torch import nn
from torch.nn import functional
from transformers import IJepaConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


${torchStem(size).join('\n')}


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        patches = (config.image_size // config.patch_size) ** 2
        self.patch_embeddings = nn.ModuleDict({"projection": Convolutions()})
        self.position_embeddings = nn.Parameter(torch.zeros(1, patches, config.hidden_size))

    def forward(self, pixel_values):
        return self.patch_embeddings["projection"](pixel_values).flatten(2).transpose(1, 2) + self.position_embeddings


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, hidden = config.hidden_size, config.intermediate_size
        self.heads = config.num_attention_heads
        self.layernorm_before = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.attention = nn.ModuleDict({
            "attention": nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")}),
            "output": nn.ModuleDict({"dense": nn.Linear(width, width)}),
        })
        self.layernorm_after = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, hidden)})
        self.output = nn.ModuleDict({"dense": nn.Linear(hidden, width)})

    def forward(self, x):
        normed = self.layernorm_before(x)
        query, key, value = (
            self.attention["attention"][name](normed).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = x + self.attention["output"]["dense"](mixed)
        return x + self.output["dense"](functional.gelu(self.intermediate["dense"](self.layernorm_after(x))))


class IJepaStudioConfig(IJepaConfig):
    model_type = "${ownModelType}"


class IJepaStudioModel(PreTrainedModel):
    config_class = IJepaStudioConfig
    base_model_prefix = "ijepa"
    main_input_name = "pixel_values"
    _no_split_modules = ["Block"]

    def __init__(self, config):
        super().__init__(config)
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))})
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.post_init()

    def forward(self, pixel_values, output_hidden_states=False):
        states = [self.embeddings(pixel_values.to(self.dtype))]
        for block in self.encoder["layer"]:
            states.append(block(states[-1]))
        return BaseModelOutput(
            last_hidden_state=self.layernorm(states[-1]), hidden_states=tuple(states) if output_hidden_states else None
        )
`;
