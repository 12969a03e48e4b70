// Writing vectors and weights for other programs.
import type { EarlierExport, ExportFormat } from '../../shared/contract/contract-explore.ts';
import type { Space } from '../../shared/contract/contract-values.ts';
import { common } from './common.ts';
import { formatBytes, formatCount, formatTime, plural } from './format.ts';

const formats: Readonly<Record<ExportFormat, { readonly name: string; readonly readers: string }>> = {
  parquet: { name: 'Parquet table', readers: 'pandas, DuckDB, Embedding Atlas, datasets, Spark' },
  npy: { name: 'NumPy array', readers: 'numpy, FAISS, clip-retrieval; with a table of paths' },
  csv: { name: 'CSV', readers: 'spreadsheets, R and all else; the largest files' },
  projector: { name: 'TensorFlow Projector', readers: 'its page in a browser, with small pictures' },
  safetensors: { name: 'PyTorch weights', readers: 'the authors’ I-JEPA code and timm, by their names' },
  huggingface: { name: 'Hugging Face folder', readers: 'transformers: AutoModel.from_pretrained' },
  onnx: { name: 'ONNX model', readers: 'onnxruntime, in any language' },
};
const spaces: Readonly<Record<Space, string>> = {
  raw: 'The encoder’s own numbers: right for training something on them.',
  centred: 'The folder’s mean is taken away. The transform is written too.',
  whitened: 'Every way in which images differ counts alike: best for finding look-alikes. The transform is written too.',
};

/** `export` is a word of the language. */
export const exporting = {
  title: 'Export',
  noFolder: 'No folder yet',
  noFolderText: 'Add a folder of images first. Then its vectors and the encoder that made them can be used in other programs.',
  toStart: 'Add a folder',
  noRuns: 'Nothing to export yet',
  noRunsText: 'An export holds the vectors of your images, or the encoder that makes them. Both come from a trained run.',
  toTrain: 'Train',

  what: 'What',
  formatsTitle: 'For which programs',
  vectors: 'Vectors of the images',
  weights: 'The encoder itself',
  vectorsNeedFolder: 'Vectors are of a folder of images: add one to the library to export some.',
  formats,
  space: 'Vector space',
  spaces,
  layerHint: 'Also decides what the ONNX model gives as the embedding.',
  options: 'Vectors',
  column: 'Vector column',
  columnHint: 'Its name; some programs expect vector.',
  columnTaken: 'Another column of the table already has this name.',
  neighbours: 'Neighbours of each image',
  neighboursHint: 'Written beside it, as Embedding Atlas reads them. 0: none.',
  where: 'Where',
  target: 'Folder',
  targetHint: 'A new folder, or one of an earlier export: its files are replaced, others are never touched.',
  targetHintFar:
    'On the computer that runs the engine. A new folder, or one of an earlier export: its files are replaced, others are never touched.',
  /** `what`: of the earlier export. */
  earlier: (what: string, replaced: boolean) =>
    replaced ? `${what} lies in this folder and will be replaced.` : `${what} lies in this folder: this one is added to it.`,
  earlierHint: 'Give another folder to keep both.',
  earlierIs: ({ run, step, folder, created }: EarlierExport) => {
    if (run === undefined) return 'An export that was never finished';
    const of = [folder === undefined ? '' : `of ${folder} `, `(run ${run}, step ${formatCount(step ?? 0)})`].join('');
    return `An export ${of}${created === undefined ? '' : `, made ${formatTime(Date.parse(created))},`}`;
  },
  choose: 'Choose…',
  chooseTitle: 'Where to export to',
  chooseText: 'A new folder is made in the one that you choose.',
  lacking: 'The vectors of this run, step and layer are not computed yet.',
  compute: 'Compute them',
  missing: (images: number) => `${plural(images, 'image has', 'images have')} no vector yet and will not be in it.`,

  preview: 'What will be in it',
  firstRows: 'First rows of the table',
  noTable: 'Weights only: no table.',
  code: 'How to read it',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'This page may not use the clipboard. Select the text and copy it by hand.',
  files: 'Files',
  /** Files that are not always made. */
  sometimes: {
    'encoder.onnx.data': 'only for large models',
    'huggingface/modeling_ijepa_studio.py': 'only of networks that embed patches by convolutions',
    'projector/sprite.png': 'when the pictures fit into one sheet',
  } as Readonly<Record<string, string | undefined>>,
  noPreview: 'Choose at least one format.',
  previewFailed: 'There is no preview.',
  size: (images: number, dimension: number, bytes: number, copies: number) =>
    images > 0
      ? `${plural(images, 'image')}${copies > 0 ? ` (${common.copies(copies)} left out)` : ''} × ${formatCount(dimension)} · about ${formatBytes(bytes)}`
      : `About ${formatBytes(bytes)}`,
  start: 'Export',
  nothingChosen: 'Choose a format and a folder.',
  done: 'Exported',
  copyPath: 'Copy the path',
} as const;
