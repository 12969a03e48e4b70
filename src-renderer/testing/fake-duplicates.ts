// The fake engine's duplicates: every 500th picture is a copy of the one before it, others show nearly the same.
import type { DuplicateFile, DuplicateGroup, duplicateChannels } from '../../shared/contract/contract-duplicates.ts';
import type { EmbeddingSource } from '../../shared/contract/contract-explore.ts';
import { duplicateTag, keptImage, mostFilesShown, placesOf } from '../../shared/contract/duplicate-terms.ts';
import type { DuplicateLevel } from '../../shared/contract/duplicate-terms.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { AppError } from '../../shared/errors.ts';
import { embedded } from './fake-explore.ts';
import type { FakeJobs } from './fake-jobs.ts';
import { chance, gridImage, imageCount, isResized, lookOf, statusOf } from './synthetic-images.ts';
import type { Tags } from './synthetic-images.ts';

/** Of this run nothing was compared yet. */
const neverCompared = 'small-trial';
const day = 86_400_000;

type Member = Omit<DuplicateFile, 'marked'>;
const member = (image: number, relation: DuplicateLevel, similarity: number): Member => {
  const { path, width, height } = gridImage(image);
  return {
    image,
    path,
    relation,
    similarity,
    width: relation === 'picture' ? Math.round(width / 2) : width,
    height: relation === 'picture' ? Math.round(height / 2) : height,
    bytes: 40_000 + 90 * (image % 9000),
    modified: Date.UTC(2026, 10, 20) - (image % 900) * day,
  };
};

/** For each picture the next one that shows the same shape in the same colour, in no group of its own. */
function nextAlike(): Int32Array {
  const next = new Int32Array(imageCount + 1);
  const last = new Map<string, number>();
  for (let image = imageCount; image > 0; image--) {
    const { shape, colour } = lookOf(image);
    next[image] = last.get(`${shape} ${colour}`) ?? 0;
    if (image % 20 > 1 && !isResized(image)) last.set(`${shape} ${colour}`, image);
  }
  return next;
}
let alike: Int32Array | undefined;

/** Groups as an engine would find them, thousands of them. */
function groupsOf(level: DuplicateLevel, similarity: number): Member[][] {
  alike ??= nextAlike();
  const groups: Member[][] = [];
  const used = new Set<number>();
  for (let image = 499; image < imageCount; image += 20) {
    const near = 0.8 + 0.2 * chance(image, 11);
    const files = [member(image, 'file', 1)];
    if (image % 500 === 499) files.push(member(image + 1, 'file', 1));
    if (level !== 'file' && isResized(image + 2)) files.push(member(image + 2, 'picture', 0.985 + 0.014 * chance(image, 12)));
    // One that is far larger than a row.
    const wanted = image === 1499 ? 80 : 1 + Math.floor(4 * chance(image, 13));
    let other = alike[image]!;
    for (let i = 0; level === 'similar' && near > similarity && i < wanted && other > 0; other = alike[other]!) {
      if (used.has(other)) continue;
      used.add(other);
      files.push(member(other, 'similar', near - (near - similarity) * (++i / (wanted + 1))));
    }
    const usable = files.filter((file) => statusOf(file.image) === 'ok');
    if (usable.length > 1) groups.push(usable);
  }
  return groups;
}

export function fakeDuplicates(sources: readonly EmbeddingSource[], jobs: FakeJobs, tags: Tags): Handlers<typeof duplicateChannels> {
  const compared = new Set(sources.map(({ run }) => run).filter((run) => run !== neverCompared));
  let last: { readonly key: string; readonly groups: Member[][] } | undefined;
  const find = ({
    folder,
    vectors,
    level,
    similarity,
  }: {
    folder: number;
    vectors?: { run: string } | undefined;
    level: DuplicateLevel;
    similarity: number;
  }) => {
    const known = vectors !== undefined && compared.has(vectors.run);
    const key = JSON.stringify([folder, known ? level : 'file', level === 'similar' && known && similarity]);
    if (last?.key !== key) last = { key, groups: folder === 1 ? groupsOf(known ? level : 'file', similarity) : [] };
    return { known, ...last };
  };
  const checked = (input: Parameters<typeof find>[0] & { stamp: string }): Member[][] => {
    const { key, groups } = find(input);
    if (key !== input.stamp)
      throw new AppError('bad-input', 'The list of duplicates has changed meanwhile.', 'Look at it again before you mark or save it.');
    return groups;
  };
  const isMarked = (image: number): boolean => tags.of(image).includes(duplicateTag);
  const shown = (group: Member[]): DuplicateGroup => ({
    total: group.length,
    files: group.slice(0, mostFilesShown).map((file) => ({ ...file, marked: isMarked(file.image) })),
  });
  return {
    'duplicates.compare': ({ folder, vectors }) => ({
      job: jobs.start({
        kind: 'compare',
        subject: vectors.run,
        unit: '',
        total: embedded,
        rate: 9000,
        detail: 'Compares the vectors.',
        result: '18,204 pairs of similar images found.',
        folder,
        run: vectors.run,
        onEnd: (state) => {
          if (state === 'done') compared.add(vectors.run);
          last = undefined;
        },
      }),
    }),
    'duplicates.list': async ({ offset, limit, keep: _keep, ...input }) => {
      const { key, groups, known } = find(input);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return {
        stamp: key,
        groups: groups.length,
        files: groups.reduce((sum, group) => sum + group.length, 0),
        spareBytes: groups.reduce((sum, group) => sum + group.slice(1).reduce((bytes, file) => bytes + file.bytes, 0), 0),
        compared: known ? { floor: 0.8, unseen: 0 } : undefined,
        rows: groups.slice(offset, offset + limit).map(shown),
      };
    },
    'duplicates.mark': ({ groups: wanted, keep, ...input }) => {
      const kept = placesOf(keep);
      const meant = checked(input).filter((group) => !wanted || group.some(({ image }) => wanted.includes(image)));
      const keepers = meant.map((group) =>
        keptImage(
          group.map(({ image }) => image),
          kept,
        ),
      );
      const marked = meant.flatMap((group, i) =>
        group.map(({ image }) => image).filter((image) => image !== keepers[i] && !isMarked(image)),
      );
      const unmarked = keepers.filter(isMarked);
      tags.put(duplicateTag, marked, true);
      tags.put(duplicateTag, unmarked, false);
      return { marked: Int32Array.from(marked), unmarked: Int32Array.from(unmarked) };
    },
    'duplicates.file': (input) => ({
      name: 'duplicates.csv',
      bytes: new TextEncoder().encode(
        checked(input)
          .flatMap((group, i) => group.map(({ path }) => `${i + 1},${path}`))
          .join('\r\n'),
      ),
    }),
  };
}
