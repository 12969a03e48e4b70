import { join } from 'node:path';
import type { Space } from '../../../shared/contract/contract-values.ts';
import { duplicateLevels, leastSimilarity, usualSimilarity } from '../../../shared/contract/duplicate-terms.ts';
import type { DuplicateLevel } from '../../../shared/contract/duplicate-terms.ts';
import { AppError } from '../../../shared/errors.ts';
import { checkDuplicatesTarget, relationNames, writeDuplicates } from '../../engine/vectors/duplicate-list.ts';
import { findDuplicates, toldPath } from '../../engine/vectors/duplicates.ts';
import type { DuplicateGroup } from '../../engine/vectors/duplicates.ts';
import { comparePictures } from '../../engine/vectors/similar-pictures.ts';
import type { CompareStage, SimilarPictures } from '../../engine/vectors/similar-pictures.ts';
import type { Action, Options } from '../action.ts';
import { choiceOption, numberOption, textOption } from '../options.ts';
import { count, megabytes, plural } from '../output.ts';
import type { Output } from '../output.ts';
import { withFolder } from '../run-context.ts';
import type { FolderContext } from '../run-context.ts';

/** Groups that are printed; a table has all of them. */
const mostPrinted = 100;
const stages: Readonly<Record<CompareStage, string>> = { vectors: 'comparing the vectors', pictures: 'looking which are the same picture' };
const meanings: Readonly<Record<DuplicateLevel, string>> = {
  file: 'the same file',
  picture: 'the same file or picture',
  similar: 'the same file or picture, or very similar',
};

const takes = (bytes: number): string => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : megabytes(bytes));

function rulesOf(options: Options): { readonly level: DuplicateLevel; readonly similarity: number; readonly space: Space } {
  const given = numberOption(options, 'similarity', '--similarity', 0);
  const level =
    options['level'] === undefined
      ? given === undefined
        ? 'picture'
        : 'similar'
      : choiceOption(options, 'level', '--level', duplicateLevels);
  if (given !== undefined && !(given >= leastSimilarity && given <= 1))
    throw new AppError(
      'bad-config',
      `--similarity: '${given}' is not from ${leastSimilarity} to 1`,
      `Less alike than ${leastSimilarity} is not looked for: give a number from ${leastSimilarity} to 1.`,
    );
  if (given !== undefined && level !== 'similar')
    throw new AppError('bad-config', `--similarity: says nothing of --level ${level}`, 'Leave one of them out, or give --level similar.');
  const space = choiceOption(options, 'space', '--space', ['raw', 'centred', 'whitened']);
  return { level, similarity: given ?? usualSimilarity, space };
}

/** Pairs of similar pictures; none where there are no vectors, which is said. */
async function picturesOf(
  output: Output,
  { studio, checkpoint, root, layer }: FolderContext,
  space: Space,
): Promise<SimilarPictures | undefined> {
  const lacking = (why: string, hint: string): undefined => {
    output.event({ type: 'no-vectors', message: why, hint });
    output.say(`${why} Only files with the same content are listed.\n${hint}`);
  };
  if (checkpoint === undefined)
    return lacking('Nothing was trained yet.', 'To find the same picture in other files, train a run and embed the folder.');
  try {
    return await comparePictures(
      studio,
      { checkpoint, root, layer, space },
      {
        progress: (stage, share) => output.progress(`${output.bar(share)} ${stages[stage]}`),
      },
    );
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return lacking(error.message, error.hint);
    throw error;
  }
}

/** What a file is beside the one that all of its group are like. */
function likeness(group: DuplicateGroup, { relation, similarity }: DuplicateGroup[number]): string {
  if (relation !== 'file') return `${relationNames[relation]}, ${similarity.toFixed(3)}`;
  return group.filter((one) => one.relation === 'file').length > 1 ? relationNames.file : 'the others are like it';
}

function sayGroup(output: Output, group: DuplicateGroup): void {
  output.say('');
  for (const [place, file] of group.entries()) {
    const size = `${file.width}×${file.height}`.padStart(11);
    const keep = place === 0 ? 'keep ' : 'other';
    output.say(`${keep} ${size} ${takes(file.bytes).padStart(8)}  ${toldPath(file.path)}  (${likeness(group, file)})`);
  }
}

export const duplicatesCommand: Action = async (output, options, folder) => {
  const rules = rulesOf(options);
  return withFolder(output, options, folder, async (context) => {
    const { studio, root } = context;
    const csv = textOption(options, 'csv');
    if (csv !== undefined) await checkDuplicatesTarget(studio, csv);
    const pictures = rules.level === 'file' ? undefined : await picturesOf(output, context, rules.space);
    const { groups, files, spareBytes } = await findDuplicates(studio, root, pictures, rules);
    for (const [i, group] of groups.entries()) {
      if (i < mostPrinted) sayGroup(output, group);
      output.event({
        type: 'group',
        files: group.map(({ image: _image, hash: _hash, path, ...file }, place) => ({
          path: toldPath(join(root, path)),
          keep: place === 0,
          ...file,
        })),
      });
    }
    const level = pictures ? rules.level : 'file';
    const floor = pictures?.pairs.floor;
    const unseen = pictures?.unseen ?? 0;
    output.event({
      type: 'duplicates',
      level,
      ...(level === 'similar' && { similarity: rules.similarity }),
      ...(pictures && { floor, unseen }),
      groups: groups.length,
      files,
      spareBytes,
    });
    output.say('');
    if (groups.length > mostPrinted) output.say(`… and ${count(groups.length - mostPrinted)} more groups: --csv FILE writes all of them.`);
    output.say(
      groups.length === 0
        ? `No two files of ${toldPath(root)} are ${meanings[level]}.`
        : `${plural(groups.length, 'group')} of ${plural(files, 'file')} that are ${meanings[level]}; all but the first of each take ${takes(spareBytes)}.`,
    );
    if (floor !== undefined && floor > (level === 'similar' ? rules.similarity : leastSimilarity))
      output.say(`So much is alike that only what is more similar than ${floor.toFixed(4)} was looked for.`);
    if (unseen > 0)
      output.say(
        `The pixels of ${plural(unseen, 'pair')} of similar images were not compared, since the images are not in the cache: some of the same pictures may be missing here.`,
      );
    if (csv !== undefined) {
      await writeDuplicates(studio, csv, root, groups);
      output.say(`Written to ${csv}. No file was changed.`);
    }
    return 0;
  });
};
