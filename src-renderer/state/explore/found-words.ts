// What was found, in words: the facts of a column, and what stands below a picture that is seen large.
import type { NeighbourRow, SearchResult } from '../../../shared/contract/contract-explore.ts';
import { explore as words } from '../../strings/explore.ts';

type Rows = readonly NeighbourRow[];

/** How many images of one column stand in another one too. */
export function sharedBy(one: Rows, other: Rows): number {
  const images = new Set(other.map(({ image }) => image));
  return one.filter(({ image }) => images.has(image)).length;
}

/** Of what a column shows of its answer, with the column that it is compared to; nothing before there is an answer. */
export function factsOf(
  { result, milliseconds }: { readonly result: SearchResult | undefined; readonly milliseconds: number },
  shown: Rows,
  compared?: Rows,
): readonly string[] {
  if (!result) return [];
  return [
    words.found(shown.length),
    ...(compared ? [words.shared(sharedBy(shown, compared), shown.length)] : []),
    ...(result.hidden > 0 ? [words.hidden(result.hidden)] : []),
    words.took(milliseconds),
  ];
}

/** Of a picture among what was found, or else of the query, where it has this name. */
export function captionOf(row: NeighbourRow | undefined, name: string): { readonly name: string; readonly facts: string } {
  if (!row) return { name, facts: words.preview.asked };
  return { name: row.path, facts: words.preview.rank(row.rank, row.score.toFixed(3)) };
}
