// NVIDIA's own program for its cards: what it is asked, and how its answer is read.
import type { GraphicsCard } from './devices.ts';

const fields = ['name', 'driver_version', 'memory.total', 'memory.free', 'index', 'uuid'] as const;
const asking = (...names: readonly string[]): readonly string[] => [`--query-gpu=${names.join(',')}`, '--format=csv,noheader,nounits'];

/** Its arguments, to be tried in order: older drivers know no `compute_cap` and fail for it. */
export const nvidiaQueries: readonly (readonly string[])[] = [asking(...fields, 'compute_cap'), asking(...fields)];

/** A figure as programs and systems print it; undefined where they print none. */
export const numberOr = (text: string | undefined): number | undefined => {
  const value = Number(text);
  return text !== undefined && text !== '' && Number.isFinite(value) ? value : undefined;
};

/** A line is a card; memory is in MiB. */
export function cardsOfNvidia(text: string): GraphicsCard[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter(([name]) => name)
    .map(([name, driver, ...figures]) => {
      const [memory, memoryFree, index, , computeCapability] = figures.map(numberOr);
      const uuid = figures[3];
      return {
        // Older drivers leave the maker out.
        name: /nvidia/i.test(name!) ? name! : `NVIDIA ${name!}`,
        ...(driver && { driver }),
        ...(memory !== undefined && { memory: memory * 2 ** 20 }),
        ...(memoryFree !== undefined && { memoryFree: memoryFree * 2 ** 20 }),
        ...(index !== undefined && { index }),
        ...(uuid && { uuid }),
        ...(computeCapability !== undefined && { computeCapability }),
      };
    });
}
