// The table of ops: nothing outside an op's entry knows what it is.
import { elementwiseOps } from './elementwise.ts';
import type { Op } from './graph.ts';
import { layerOps } from './layers.ts';
import { productOps } from './products.ts';
import { rowOps } from './rows.ts';
import { structureOps } from './structure.ts';

export const ops: readonly Op[] = [...structureOps, ...elementwiseOps, ...productOps, ...rowOps, ...layerOps];
