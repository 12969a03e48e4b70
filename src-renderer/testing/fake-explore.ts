// The fake engine's vectors, searches and exports.
import type { EmbeddingSource, ExportPreview, exploreChannels } from '../../shared/contract-explore.ts';
import { baseName } from '../strings/format.ts';
import { AppError } from '../../shared/errors.ts';
import type { Handlers } from '../../shared/rpc-server.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { featuresOf } from './synthetic-features.ts';
import { nearest } from './fake-search.ts';
import { chance, gridImage, imageCount } from './synthetic-images.ts';

const embedded = imageCount - 48;

export const sourcesOfAll: readonly EmbeddingSource[] = [
  { run: 'stained-cells-2', step: 6000, layer: 'last', dimension: 192, embedded: embedded - 312, images: embedded },
  { run: 'stained-cells-1', step: 12_000, layer: 'last', dimension: 192, embedded, images: embedded },
  { run: 'stained-cells-1', step: 12_000, layer: 'last4', dimension: 768, embedded, images: embedded },
  { run: 'small-trial', step: 800, layer: 'last', dimension: 192, embedded, images: embedded },
];

function preview({
  formats,
  vectorColumn,
  neighbours,
  run,
  target,
}: {
  readonly formats: readonly string[];
  readonly vectorColumn: string;
  readonly neighbours: number;
  readonly run: string;
  readonly target: string;
}): ExportPreview {
  const vectors = formats.some((format) => ['npy', 'parquet', 'csv', 'projector'].includes(format));
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
  const has = (format: string): boolean => formats.includes(format);
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

export function fakeExplore(start: readonly EmbeddingSource[], jobs: FakeJobs): Handlers<typeof exploreChannels> {
  let sources = [...start];
  let uploads = 0;
  return {
    'explore.sources': ({ folder }) => (folder === 1 || folder === 9 ? sources : []),
    'explore.embed': ({ folder, run, layer }) => ({
      job: jobs.start({
        kind: 'embed',
        subject: 'stained-cells-2026',
        unit: 'images',
        total: embedded,
        start: sources.find((one) => one.run === run && one.layer === layer)?.embedded ?? 0,
        rate: 12_000,
        detail: 'Computing vectors',
        result: '99,952 images have a vector.',
        folder,
        run,
        onEnd: (state) => {
          if (state !== 'done') return;
          const whole: EmbeddingSource = { run, step: 12_000, layer, dimension: layer === 'last' ? 192 : 768, embedded, images: embedded };
          const known = sources.find((one) => one.run === run && one.layer === layer);
          sources = known ? sources.map((one) => (one === known ? { ...one, embedded } : one)) : [whole, ...sources];
        },
      }),
    }),
    'explore.search': async ({ run, step, layer, space, plus, minus, k, minScore, hideAbove }) => {
      const began = performance.now();
      const source = sources.find((one) => one.run === run && one.step === step && one.layer === layer);
      if (!source)
        throw new AppError('not-found', `There are no vectors of ${run} at step ${step}.`, 'Compute them, or choose other vectors.');
      await new Promise((resolve) => setTimeout(resolve, 10));
      return {
        source,
        ...nearest({ source, space, plus, minus, k, minScore: minScore ?? -1, hideAbove }),
        milliseconds: performance.now() - began,
      };
    },
    'explore.features': async ({ run, step, image, finer }) => {
      if (!sources.some((one) => one.run === run && one.step === step))
        throw new AppError('not-found', `There is no checkpoint of ${run} at step ${step}.`, 'Choose another one.');
      await new Promise((resolve) => setTimeout(resolve, 400));
      return featuresOf('image' in image ? image.image : 1000 + image.upload, finer);
    },
    'explore.upload': async ({ name, bytes }) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      if (bytes.byteLength === 0 || /\.(txt|csv|pdf|zip)$/i.test(name))
        throw new AppError('bad-file', `${name}: this is not a picture.`, 'Choose another image.');
      return { upload: ++uploads, width: 1024, height: 768 };
    },
    'export.preview': preview,
    'export.target': ({ run, checkpoint }) => ({
      path: `/home/ada/ijepa-studio-exports/${run}-step-${/^\d+$/.test(checkpoint) ? checkpoint : 12000}-stained-cells-2026`,
    }),
    'export.start': ({ folder, run, target, formats }) => ({
      job: jobs.start({
        kind: 'export',
        subject: run,
        unit: 'rows',
        total: embedded,
        rate: 30_000,
        detail: 'Writing vectors',
        result: `${formats.length + 1} files in ${target}`,
        folder,
        run,
      }),
    }),
  };
}
