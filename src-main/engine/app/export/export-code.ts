// How other programs read what is exported, as lines that run as they are. Each was run once against an export of this program.
import { join } from 'node:path';
import type { Preprocessing } from '../../../../shared/config/preprocessing.ts';
import type { ExportFormat } from '../../../../shared/contract/contract-explore.ts';
import type { ModelSize } from '../../../jepa/model.ts';
import { needsOwnCode, openingCall, torchStem } from '../../../weights/modeling-code.ts';

export interface ExportedThing {
  readonly target: string;
  readonly formats: readonly ExportFormat[];
  readonly vectorColumn: string;
  readonly neighbours: number;
  readonly size: ModelSize;
  readonly preprocessing: Preprocessing;
}

interface Snippet {
  readonly reader: string;
  readonly text: string;
}

/** A text of Python. JSON's are, but for characters beyond the first plane, which Python wants as they are. */
const text = (value: string): string => JSON.stringify(value);
const list = (values: readonly number[]): string => `[${values.join(', ')}]`;
const sqlText = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const sqlName = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** How a picture becomes a square of the encoder's size, by `fit`. */
const squares: Readonly<Record<Preprocessing['fit'], (side: string, background: string) => string>> = {
  crop: (side) => `ImageOps.fit(image, ${side}, Image.BILINEAR)`,
  pad: (side, background) => `ImageOps.pad(image, ${side}, Image.BILINEAR, color=${background})`,
  squash: (side) => `image.resize(${side}, Image.BILINEAR)`,
};
const tuple = (values: readonly number[]): string => `(${values.join(', ')})`;

/** A picture made ready as those were whose vectors are exported: upright, on the background, a square. */
const opened = ({ imageSize, fit, background, intensity, channels }: Preprocessing): string[] => [
  ...(intensity !== 'full' || channels !== 'rgb'
    ? [`# Before that, this run maps values (intensity=${intensity}, channels=${channels}, see manifest.json): do the same to yours.`]
    : []),
  'image = ImageOps.exif_transpose(Image.open("picture.jpg")).convert("RGBA")',
  `image = Image.alpha_composite(Image.new("RGBA", image.size, ${tuple([...background, 255])}), image).convert("RGB")`,
  `image = ${squares[fit](tuple([imageSize, imageSize]), tuple(background))}`,
];

/** The same as the encoder takes it. */
const picture = (preprocessing: Preprocessing): string[] => [
  'import numpy as np',
  'from PIL import Image, ImageOps',
  '',
  ...opened(preprocessing),
  `pixels = (np.asarray(image, np.float32) / 255 - np.array(${list(preprocessing.mean)}, np.float32)) / np.array(${list(preprocessing.std)}, np.float32)`,
  'pixels = pixels.transpose(2, 0, 1)[None]',
];

const snippets: Readonly<Record<ExportFormat, (thing: ExportedThing) => Snippet[]>> = {
  npy: ({ target }) => [
    {
      reader: 'numpy',
      text: [
        'import numpy as np',
        'import pandas as pd',
        '',
        `vectors = np.load(${text(join(target, 'vectors.npy'))})`,
        `images = pd.read_parquet(${text(join(target, 'paths.parquet'))})`,
        'unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)',
        'nearest = np.argsort(-(unit @ unit[0]))[1:11]',
        'print(images["filepath"].iloc[nearest].tolist())',
      ].join('\n'),
    },
  ],
  parquet: ({ target, vectorColumn, neighbours }) => [
    {
      reader: 'pandas',
      text: [
        'import numpy as np',
        'import pandas as pd',
        '',
        `table = pd.read_parquet(${text(join(target, 'embeddings.parquet'))})`,
        `vectors = np.stack(table[${text(vectorColumn)}])`,
        'print(table[["filepath", "label"]].head(), vectors.shape)',
        ...(neighbours > 0 ? ['print(table["neighbors"][0]["ids"])'] : []),
      ].join('\n'),
    },
    {
      reader: 'DuckDB',
      text: [
        'import duckdb',
        '',
        `duckdb.sql(${text(
          `SELECT b.filepath, list_cosine_similarity(a.${sqlName(vectorColumn)}, b.${sqlName(vectorColumn)}) AS score ` +
            `FROM ${sqlText(join(target, 'embeddings.parquet'))} a, ${sqlText(join(target, 'embeddings.parquet'))} b ` +
            'WHERE a.id = 0 AND b.id <> 0 ORDER BY score DESC LIMIT 10',
        )}).show()`,
      ].join('\n'),
    },
  ],
  csv: ({ target }) => [
    {
      reader: 'pandas (CSV)',
      text: [
        'import pandas as pd',
        '',
        `table = pd.read_csv(${text(join(target, 'embeddings.csv'))})`,
        'vectors = table.filter(regex=r"^e[0-9]+$").to_numpy("float32")',
        'print(table[["filepath", "label"]].head(), vectors.shape)',
      ].join('\n'),
    },
  ],
  projector: ({ target }) => [
    {
      reader: 'numpy (Projector)',
      text: [
        'import numpy as np',
        '',
        `vectors = np.loadtxt(${text(join(target, 'projector', 'tensors.tsv'))}, delimiter="\\t", ndmin=2)`,
        'print(vectors.shape)',
      ].join('\n'),
    },
  ],
  safetensors: ({ target, size, size: { encoder, patchSize, grid }, preprocessing }) => [
    {
      reader: 'timm',
      text: [
        'import torch',
        'from safetensors.torch import load_file',
        ...(needsOwnCode(size) ? ['from torch import nn'] : []),
        'from timm.models.vision_transformer import VisionTransformer',
        ...(needsOwnCode(size) ? ['', '', ...torchStem(size), ''] : []),
        '',
        `model = VisionTransformer(img_size=${grid * patchSize}, patch_size=${patchSize}, embed_dim=${encoder.width}, depth=${encoder.depth}, num_heads=${encoder.heads},`,
        `                          mlp_ratio=${encoder.hidden / encoder.width}, class_token=False, global_pool="avg", fc_norm=False, num_classes=0).eval()`,
        ...(needsOwnCode(size) ? ['model.patch_embed.proj = Convolutions()'] : []),
        `weights = load_file(${text(join(target, 'model.safetensors'))})`,
        'prefix = "target_encoder."',
        'model.load_state_dict({name[len(prefix):]: value for name, value in weights.items() if name.startswith(prefix)})',
        '',
        ...picture(preprocessing),
        'with torch.no_grad():',
        '    print(model(torch.from_numpy(pixels)).shape)',
      ].join('\n'),
    },
  ],
  huggingface: ({ target, size, preprocessing }) => [
    {
      reader: 'transformers',
      text: [
        'import torch',
        'from PIL import Image, ImageOps',
        'from transformers import AutoImageProcessor, AutoModel',
        '',
        `folder = ${text(join(target, 'huggingface'))}`,
        'processor = AutoImageProcessor.from_pretrained(folder)',
        // The class of a stem of convolutions lies in the folder.
        `model = ${openingCall(size, 'folder')}.eval()`,
        ...opened(preprocessing),
        'inputs = processor(image, return_tensors="pt")',
        'with torch.no_grad():',
        '    print(model(**inputs).last_hidden_state.mean(1).shape)',
      ].join('\n'),
    },
  ],
  onnx: ({ target, preprocessing }) => [
    {
      reader: 'onnxruntime',
      text: [
        'import onnxruntime',
        ...picture(preprocessing),
        '',
        `session = onnxruntime.InferenceSession(${text(join(target, 'encoder.onnx'))})`,
        'embedding = session.run(["embedding"], {"pixel_values": pixels})[0]',
        'print(embedding.shape)',
      ].join('\n'),
    },
  ],
};

export const readingCode = (thing: ExportedThing): Snippet[] => thing.formats.flatMap((format) => snippets[format](thing));
