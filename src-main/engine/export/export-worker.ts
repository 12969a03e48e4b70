// Entry of the thread that writes weights for other programs. It lives for one export.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../../shared/errors.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { writeAuthorsFile } from '../../weights/authors-file.ts';
import { writeHuggingFaceFolder } from '../../weights/huggingface-folder.ts';
import { onnxDataName, writeOnnxFile } from '../../weights/onnx-file.ts';
import type { WeightFiles, WeightsWritten, WeightTask } from './export-weights.ts';

const { checkpoint, model, layer, files } = workerData as WeightTask;

function write(source: SafetensorsFile, to: WeightFiles): void {
  switch (to.format) {
    case 'safetensors':
      return writeAuthorsFile(to.weights, source, model);
    case 'huggingface':
      return writeHuggingFaceFolder({ ...to, code: () => to.code! }, source, model);
    case 'onnx':
      return writeOnnxFile({ model: to.model, data: () => to.data!, dataName: onnxDataName }, source, model, { layer });
  }
}

function writeAll(): WeightsWritten {
  try {
    const source = new SafetensorsFile(checkpoint);
    try {
      for (const one of files) write(source, one);
    } finally {
      source.dispose();
    }
    return {};
  } catch (error) {
    return { error: toWire(error) };
  }
}

parentPort!.postMessage(writeAll());
