// Draws queries and their neighbours as a PNG contact sheet, decoded from the originals.
import { basename } from 'node:path';
import { preprocessingOf } from '../../shared/preprocessing.ts';
import { contactSheet } from '../images/contact-sheet.ts';
import type { Tile } from '../images/contact-sheet.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import type { Neighbour } from './search.ts';
import type { Studio } from './studio.ts';

export interface SheetRow {
  /** Path of the query image. */
  readonly query: string;
  readonly queryLabel?: string | undefined;
  readonly neighbours: readonly Neighbour[];
}

const tileSide = 128;

/** Writes `path`; files that cannot be read any more are left out. */
export async function drawSheet(studio: Studio, checkpoint: string, rows: readonly SheetRow[], path: string): Promise<void> {
  const settings = preprocessingOf(readCheckpointHeader(checkpoint).config);
  const tile = async (file: string, caption: string, detail: string | undefined): Promise<Tile | undefined> => {
    const result = await studio.decoders.decode({ path: file, settings, shortSide: tileSide });
    return result.ok ? { image: result.image, caption, ...(detail !== undefined && { detail }) } : undefined;
  };
  const drawn = [];
  for (const { query, queryLabel, neighbours } of rows) {
    const first = await tile(query, 'query', queryLabel ?? basename(query));
    const others = await Promise.all(
      neighbours.map(async ({ path: file, score, label }) => tile(file, score.toFixed(3), label ?? basename(file))),
    );
    if (first) drawn.push({ query: first, neighbours: others.filter((one) => one !== undefined) });
  }
  await contactSheet(drawn, path);
}
