// Draws queries and their neighbours as a PNG contact sheet, decoded from the originals.
import { basename, dirname } from 'node:path';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import type { DecodeSettings } from '../../../shared/config/preprocessing.ts';
import { AppError } from '../../../shared/errors.ts';
import { contactSheet } from '../../images/contact-sheet.ts';
import type { QueryTile, Tile } from '../../images/contact-sheet.ts';
import { decodeFile } from '../../library/decode-file.ts';
import { displayName } from '../../library/file-names.ts';
import type { FeaturePicture } from '../../trainer/protocol.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import type { Studio } from '../studio.ts';
import { requireSheetTarget } from '../write-target.ts';
import type { Neighbour } from './search.ts';

export interface SheetQuery {
  /** Absolute; text form of file-names.ts. */
  readonly path: string;
  readonly label?: string | undefined;
  /** Whether the neighbours should be like it. */
  readonly wanted: boolean;
}

export interface SheetRow {
  readonly queries: readonly SheetQuery[];
  readonly neighbours: readonly Neighbour[];
}

const tileSide = 128;

/** The file with its label, else with the folder it lies in: names such as 1.png say nothing alone. */
export const shortPath = (path: string, label?: string): string => displayName(`${label ?? basename(dirname(path))}/${basename(path)}`);

/** Rejects with `bad-input`, `not-found`, `not-writable` where no sheet may be written: ask before the work for it begins. */
export const checkSheetTarget = async ({ originals }: Studio, path: string): Promise<void> => requireSheetTarget(path, originals);

/** A picture of a sheet; undefined where its file cannot be read any more. */
async function drawn(studio: Studio, settings: DecodeSettings, path: string): Promise<Tile['image'] | undefined> {
  try {
    const result = await decodeFile(studio.decoders, '', path, { settings, shortSide: tileSide });
    return result.ok ? result.image : undefined;
  } catch (error) {
    // It could not be opened.
    if (error instanceof Error && 'code' in error && !(error instanceof AppError)) return undefined;
    throw error;
  }
}

/** The same, decoded as a checkpoint wants it. Throws `bad-checkpoint`. */
export const pictureOfFile = async (studio: Studio, checkpoint: string, path: string): Promise<Tile['image'] | undefined> =>
  drawn(studio, preprocessingOf(readCheckpointHeader(checkpoint).config), path);

/** Writes `path`; files that cannot be read any more are left out, and how many these are is returned. Throws as `checkSheetTarget`, and `disk-full`. */
export async function drawSheet(studio: Studio, checkpoint: string, rows: readonly SheetRow[], path: string): Promise<number> {
  await checkSheetTarget(studio, path);
  const settings = preprocessingOf(readCheckpointHeader(checkpoint).config);
  let leftOut = 0;
  const tile = async (file: string, caption: string, label: string | undefined): Promise<Tile | undefined> => {
    const image = await drawn(studio, settings, file);
    if (!image) leftOut++;
    return image && { image, caption, detail: shortPath(file, label) };
  };
  const queryTile = async ({ path: file, label, wanted }: SheetQuery): Promise<QueryTile | undefined> => {
    const asked = await tile(file, wanted ? 'query' : 'query: not like this', label);
    return asked && { ...asked, wanted };
  };
  const blocks = [];
  for (const { queries, neighbours } of rows) {
    const asking = (await Promise.all(queries.map(queryTile))).filter((one) => one !== undefined);
    const found = await Promise.all(neighbours.map(async ({ path: file, score, label }) => tile(file, score.toFixed(3), label)));
    const others = found.filter((one) => one !== undefined);
    if (asking.length > 0) blocks.push({ queries: asking, neighbours: others });
    else leftOut += others.length;
  }
  await contactSheet(blocks, path);
  return leftOut;
}

/** A picture with its patches as colours, and the file that it is of. */
export interface FeatureRow extends FeaturePicture {
  readonly path: string;
}

/** Draws each picture as the encoder got it, its patches as colours beside it. Throws as `checkSheetTarget`, and `disk-full`. */
export async function drawFeatureSheet(studio: Studio, rows: readonly FeatureRow[], path: string): Promise<void> {
  await checkSheetTarget(studio, path);
  const blocks = rows.map(({ side, seen, grid, colours, path: file }) => ({
    queries: [{ image: { width: side, height: side, pixels: seen }, caption: 'picture', detail: shortPath(file), wanted: true }],
    neighbours: [
      {
        image: enlarged({ width: grid, height: grid, pixels: colours }, Math.ceil(tileSide / grid)),
        caption: 'what the encoder sees',
        detail: `${grid} × ${grid} patches`,
      },
    ],
  }));
  await contactSheet(blocks, path);
}

/** Every pixel as a square of `times`² pixels, so that no viewer smooths the patches away. */
function enlarged({ width, height, pixels }: Tile['image'], times: number): Tile['image'] {
  const [wide, high] = [width * times, height * times];
  const large = new Uint8Array(wide * high * 3);
  for (let i = 0; i < wide * high; i++) {
    const from = (Math.floor(Math.floor(i / wide) / times) * width + Math.floor((i % wide) / times)) * 3;
    large.set(pixels.subarray(from, from + 3), i * 3);
  }
  return { width: wide, height: high, pixels: large };
}
