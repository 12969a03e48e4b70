// The weights that the authors of I-JEPA published, in the form that Hugging Face keeps them in. Nothing of them is part of this
// program; they are fetched when a person asks for them and has accepted their licence.

export interface PublishedModel {
  readonly name: string;
  readonly what: string;
  /** Bytes of the file of weights, to three digits: see {@link sizeTolerance}. */
  readonly bytes: number;
  /** Its checksum, as Hugging Face shows it; where it is absent, the one that the server states is taken. */
  readonly sha256?: string;
  /** Where the files lie. */
  readonly address: string;
}

/** Share by which the file of weights may differ from its size here. Models of one architecture differ by less than that, others by more. */
export const sizeTolerance = 0.01;

export const modelLicence = {
  name: 'CC-BY-NC 4.0',
  sentence: 'These weights may be used for non-commercial purposes only (CC-BY-NC 4.0), also in what is made from them.',
  address: 'https://creativecommons.org/licenses/by-nc/4.0/',
} as const;

const at = (name: string): string => `https://huggingface.co/facebook/${name}/resolve/main`;

export const publishedModels: readonly PublishedModel[] = [
  {
    name: 'ijepa_vith14_1k',
    what: 'ViT-H/14 at 224 px, 300 epochs of ImageNet-1k; 630 M parameters',
    bytes: 2.52e9,
    sha256: 'ad6c1f6e318ace5633bea4496bc5c76248f6dc59c9a0d8a010cf31ed9dee2da8',
    address: at('ijepa_vith14_1k'),
  },
  {
    name: 'ijepa_vith14_22k',
    what: 'ViT-H/14 at 224 px, ImageNet-22k; 630 M parameters',
    bytes: 2.52e9,
    sha256: 'a4f270231ec442c39788b175a982d7fae0b0ede990271604ec0e8ef6989ff478',
    address: at('ijepa_vith14_22k'),
  },
  { name: 'ijepa_vith16_1k', what: 'ViT-H/16 at 448 px, ImageNet-1k; 630 M parameters', bytes: 2.53e9, address: at('ijepa_vith16_1k') },
  {
    name: 'ijepa_vitg16_22k',
    what: 'ViT-g/16 at 224 px, ImageNet-22k; 1.0 B parameters',
    bytes: 4.05e9,
    sha256: '1eb25fdbbcbac89bce19da8ba74f677b6388864af934e470799f71ca3433ff3e',
    address: at('ijepa_vitg16_22k'),
  },
];

/** Files of a model; the second states the normalisation, and some models lack it. */
export const modelFiles = [
  { name: 'config.json', optional: false, weights: false },
  { name: 'preprocessor_config.json', optional: true, weights: false },
  { name: 'model.safetensors', optional: false, weights: true },
] as const;
