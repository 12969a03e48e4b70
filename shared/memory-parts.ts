// What the memory of a run is made of, said before it begins.

/** In the order in which they are read, with what a person reads. */
export const memoryPartNames = {
  weights: 'Weights of the networks',
  moments: 'Moments of the optimiser',
  gradients: 'Gradients and copies',
  activations: 'Activations of a pass',
  batches: 'Batches of images',
  pictures: 'Pictures to cut crops from',
  evaluations: 'Evaluations',
  program: 'The program itself',
} as const;

export type MemoryPart = keyof typeof memoryPartNames;

/** Bytes of each; none where there is no such part. */
export type MemoryParts = Readonly<Record<MemoryPart, number>>;

const order = Object.keys(memoryPartNames) as MemoryPart[];

/** Those that there are, in that order. */
export const namedParts = (parts: MemoryParts): readonly { readonly name: string; readonly bytes: number }[] =>
  order.filter((part) => parts[part] > 0).map((part) => ({ name: memoryPartNames[part], bytes: parts[part] }));

/** Those that there are on the processor or a card, side by side. */
export const partsBeside = (
  processor: MemoryParts,
  card?: MemoryParts,
): readonly { readonly name: string; readonly processor: number; readonly card: number }[] =>
  order
    .map((part) => ({ name: memoryPartNames[part], processor: processor[part], card: card?.[part] ?? 0 }))
    .filter((one) => one.processor + one.card > 0);
