// The fake engine's exports: nothing is written, but what lies at a target is remembered.
import type { InputOf } from '../../shared/contract/channel.ts';
import type { EarlierExport, ExportPreview, exploreChannels } from '../../shared/contract/contract-explore.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { baseName } from '../strings/format.ts';
import { embedded, sourcesOfAll } from './fake-explore.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { folderName } from './fake-library.ts';
import { chance, gridImage } from './synthetic-images.ts';

const vectorFormats: readonly string[] = ['npy', 'parquet', 'csv', 'projector'];
type Input = InputOf<(typeof exploreChannels)['export.start']>;

function preview({ formats, vectorColumn, neighbours, run, target }: Input): ExportPreview {
  const vectors = formats.some((format) => vectorFormats.includes(format));
  const number = (image: number, i: number): string => (chance(image, 30 + i) * 2 - 1).toFixed(4);
  const columns = vectors ? ['id', 'file_name', 'filepath', vectorColumn, 'label', 'split', ...(neighbours > 0 ? ['neighbors'] : [])] : [];
  const row = (image: number): string[] => [
    String(image - 1),
    baseName(gridImage(image).path),
    gridImage(image).path,
    `[${number(image, 0)}, ${number(image, 1)}, ${number(image, 2)}, …]`,
    gridImage(image).label ?? '',
    'train',
    ...(neighbours > 0 ? [`{ids: [${image + 3}, ${image + 9}, …], distances: [0.0213, 0.0311, …]}`] : []),
  ];
  const has = (format: Input['formats'][number]): boolean => formats.includes(format);
  return {
    columns,
    rows: vectors ? [1, 2, 3, 4, 5].map(row) : [],
    images: embedded,
    dimension: 192,
    bytes: embedded * 192 * 4 * Math.max(1, formats.length) + 2.4e7,
    code: [
      ...(has('npy')
        ? [{ reader: 'numpy', text: `import numpy as np\n\nvectors = np.load('${target}/embeddings.npy')  # (${embedded}, 192), float32` }]
        : []),
      ...(has('parquet')
        ? [
            {
              reader: 'pandas',
              text: `import pandas as pd\n\ntable = pd.read_parquet('${target}/embeddings.parquet')\nvectors = table['${vectorColumn}']`,
            },
            {
              reader: 'DuckDB',
              text: `SELECT file_name, list_cosine_similarity(${vectorColumn}, (SELECT ${vectorColumn} FROM t LIMIT 1)) AS score\nFROM '${target}/embeddings.parquet'\nORDER BY score DESC LIMIT 10;`,
            },
          ]
        : []),
      ...(has('safetensors')
        ? [
            {
              reader: 'timm',
              text: `import timm\nfrom safetensors.torch import load_file\n\nmodel = timm.create_model('vit_tiny_patch16_224', num_classes=0)\nmodel.load_state_dict(load_file('${target}/model.safetensors'))  # ${run}`,
            },
          ]
        : []),
      ...(has('onnx')
        ? [
            {
              reader: 'onnxruntime',
              text: `import onnxruntime\n\nsession = onnxruntime.InferenceSession('${target}/encoder.onnx')\nembedding = session.run(['embedding'], {'pixel_values': images})[0]`,
            },
          ]
        : []),
    ],
  };
}

/** An export that lies at a target. */
interface Written {
  readonly created: string;
  readonly run: string;
  readonly step: number;
  readonly layer: string;
  /** None in one of weights alone. */
  readonly vectors?: { readonly folder: number; readonly space: string };
}

const stepOf = (run: string, checkpoint: string): number =>
  /^\d+$/.test(checkpoint) ? Number(checkpoint) : (sourcesOfAll.find((one) => one.run === run)?.step ?? 12_000);

function writtenBy({ folder, run, checkpoint, layer, space, formats }: Input): Written {
  const created = new Date().toISOString();
  const vectors = folder !== undefined && formats.some((format) => vectorFormats.includes(format)) && { vectors: { folder, space } };
  return { created, run, step: stepOf(run, checkpoint), layer, ...vectors };
}

/** Whether files of both may stand side by side: of the same weights and layer, and the same vectors if both have some. */
function areOfTheSame(one: Written, other: Written): boolean {
  if (one.run !== other.run || one.step !== other.step || one.layer !== other.layer) return false;
  const [own, others] = [one.vectors, other.vectors];
  return !own || !others || (own.folder === others.folder && own.space === others.space);
}

export function fakeExports(jobs: FakeJobs): Handlers<Pick<typeof exploreChannels, 'export.preview' | 'export.target' | 'export.start'>> {
  const targets = new Map<string, Written>();
  const earlierOf = (input: Input): EarlierExport | undefined => {
    const there = targets.get(input.target);
    if (!there) return undefined;
    const { created, run, step, vectors } = there;
    return { created, run, step, ...(vectors && { folder: folderName(vectors.folder) }), replaced: !areOfTheSame(there, writtenBy(input)) };
  };
  return {
    'export.preview': (input) => {
      const earlier = earlierOf(input);
      return { ...preview(input), ...(earlier && { earlier }) };
    },
    'export.target': ({ folder, run, checkpoint }) => ({
      path: `/home/ada/ijepa-studio-exports/${run}-step-${stepOf(run, checkpoint)}${folder === undefined ? '' : `-${folderName(folder)}`}`,
    }),
    'export.start': (input) => {
      const { folder, run, target, formats } = input;
      return {
        job: jobs.start({
          kind: 'export',
          subject: baseName(target),
          unit: 'rows',
          total: embedded,
          rate: 30_000,
          detail: 'Writing vectors',
          result: `${formats.length + 1} files in ${target}`,
          ...(folder !== undefined && { folder }),
          run,
          onEnd: (state) => {
            if (state !== 'done') return;
            const [before, now] = [targets.get(target), writtenBy(input)];
            // Weights that are added to vectors leave those there.
            targets.set(target, before && areOfTheSame(before, now) ? { ...before, ...now } : now);
          },
        }),
      };
    },
  };
}
