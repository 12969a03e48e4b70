// Answers of the channels about duplicates.
import { basename } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { CheckedInputOf } from '../../../../shared/contract/channel.ts';
import type { duplicateChannels, DuplicateList } from '../../../../shared/contract/contract-duplicates.ts';
import { duplicateTag, placesOf } from '../../../../shared/contract/duplicate-terms.ts';
import type { Handlers } from '../../../../shared/contract/rpc-server.ts';
import { AppError } from '../../../../shared/errors.ts';
import { inPieces } from '../../../files/in-pieces.ts';
import { addTag, removeTag } from '../../../library/annotations.ts';
import { displayName } from '../../../library/file-names.ts';
import { imagesWithTag } from '../../../library/folder-files.ts';
import { folderOf } from '../../../library/folders.ts';
import type { Library } from '../../../library/library.ts';
import { checkpointOf } from '../../runs/runs.ts';
import { duplicateLines, keptOf, shownOf } from '../../vectors/duplicate-list.ts';
import { comparePictures } from '../../vectors/similar-pictures.ts';
import type { CompareStage, VectorsToCompare } from '../../vectors/similar-pictures.ts';
import type { EngineContext } from '../context.ts';
import { rateMeter } from '../rate.ts';
import type { Runs } from '../runs/runs.ts';
import { plural } from '../words.ts';
import { DuplicateGroups } from './duplicate-groups.ts';
import type { Listed } from './duplicate-groups.ts';

type Inputs = { readonly [K in keyof typeof duplicateChannels]: CheckedInputOf<(typeof duplicateChannels)[K]> };

/** Images that are tagged before others get their turn. */
const pieceTags = 1000;
const stages: Readonly<Record<CompareStage, string>> = {
  vectors: 'Compares the vectors.',
  pictures: 'Looks which are the same picture.',
};
/** Of the job, what comparing the vectors takes. */
const shareOfVectors = 0.8;

/** Gives or takes the tag; which of the images that changed. Where a later piece fails the earlier ones are undone. */
async function retag(library: Library, images: readonly number[], on: boolean): Promise<Int32Array<ArrayBuffer>> {
  const changed: number[] = [];
  try {
    for (let at = 0; at < images.length; at += pieceTags) {
      const piece = images.slice(at, at + pieceTags);
      const having = imagesWithTag(library, piece, duplicateTag);
      const others = piece.filter((image) => having.has(image) !== on);
      (on ? addTag : removeTag)(library, others, duplicateTag);
      changed.push(...others);
      await breathe();
    }
  } catch (error) {
    (on ? removeTag : addTag)(library, changed, duplicateTag);
    throw error;
  }
  return Int32Array.from(changed);
}

export function duplicateHandlers({ studio, jobs }: EngineContext, { store }: Pick<Runs, 'store'>): Handlers<typeof duplicateChannels> {
  const { library } = studio;
  const groups = new DuplicateGroups(studio);

  const vectorsOf = (folder: number, vectors: Inputs['duplicates.list']['vectors']): VectorsToCompare | undefined => {
    if (!vectors) return undefined;
    const { run, step, layer, space } = vectors;
    return { checkpoint: checkpointOf(store.path(run), String(step)), root: folderOf(library, folder).path, layer, space };
  };

  const compare = ({ folder, vectors }: Inputs['duplicates.compare']): { readonly job: number } => {
    const setup = vectorsOf(folder, vectors)!;
    const job = jobs.start('compare', { subject: vectors.run, folder, run: vectors.run }, async (handle) => {
      const meter = rateMeter();
      // Where it is cancelled, too, what is kept may be another.
      const { pairs, unseen } = await comparePictures(studio, setup, {
        signal: handle.signal,
        progress: (stage, share) => {
          handle.say(stages[stage]);
          const done = stage === 'vectors' ? shareOfVectors * share : shareOfVectors + (1 - shareOfVectors) * share;
          const { secondsLeft } = meter(done, 1);
          handle.progress({ share: done, ...(secondsLeft !== undefined && { secondsLeft }) });
        },
      }).finally(() => groups.forget());
      const found = `${plural(pairs.cosines.length, 'pair', 'pairs')} of similar images found.`;
      return unseen > 0 ? `${found} The pixels of ${plural(unseen, 'pair', 'pairs')} were not compared.` : found;
    });
    return { job };
  };

  const list = async (input: Omit<Inputs['duplicates.list'], 'offset' | 'limit'>): Promise<Listed> =>
    groups.list(input, vectorsOf(input.folder, input.vectors));

  const current = async (input: Inputs['duplicates.file']): Promise<Listed> => {
    const listed = await list(input);
    if (listed.stamp === input.stamp) return listed;
    throw new AppError('bad-input', 'The list of duplicates has changed meanwhile.', 'Look at it again before you mark or save it.');
  };

  const page = async ({ offset, limit, keep, ...input }: Inputs['duplicates.list']): Promise<DuplicateList> => {
    const { stamp, groups: all, files, spareBytes, pictures } = await list(input);
    const chosen = placesOf(keep ?? []);
    const shown = all.slice(offset, offset + limit).map((group) => ({ total: group.length, files: shownOf(group, chosen) }));
    const images = shown.flatMap(({ files: few }) => few.map(({ image }) => image));
    const marked = imagesWithTag(library, images, duplicateTag);
    return {
      stamp,
      groups: all.length,
      files,
      spareBytes,
      compared: pictures && { floor: pictures.pairs.floor, unseen: pictures.unseen },
      rows: shown.map((group) => ({
        total: group.total,
        files: group.files.map(({ image, path, relation, similarity, width, height, bytes, modified }) => ({
          image,
          path: displayName(path),
          relation,
          similarity,
          width,
          height,
          bytes,
          modified,
          marked: marked.has(image),
        })),
      })),
    };
  };

  return {
    'duplicates.compare': compare,
    'duplicates.list': page,
    'duplicates.mark': async (input) => {
      const { groups: all } = await current(input);
      const keep = placesOf(input.keep);
      const wanted = input.groups && new Set(input.groups);
      const meant = wanted ? all.filter((group) => group.some(({ image }) => wanted.has(image))) : all;
      const kept = meant.map((group) => keptOf(group, keep));
      const others = meant.flatMap((group, i) => group.flatMap(({ image }) => (image === kept[i] ? [] : [image])));
      const marked = await retag(library, others, true);
      try {
        return { marked, unmarked: await retag(library, kept, false) };
      } catch (error) {
        await retag(library, [...marked], false);
        throw error;
      }
    },
    'duplicates.file': async (input) => {
      const { groups: all } = await current(input);
      const { path } = folderOf(library, input.folder);
      const text = await inPieces(duplicateLines(path, all, placesOf(input.keep)));
      return { name: `${basename(path)} - duplicates.csv`, bytes: new TextEncoder().encode(text) };
    },
  };
}
