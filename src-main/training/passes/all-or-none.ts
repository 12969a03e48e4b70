// Compiled graphs that belong together: where one of them cannot be made, those before it give their memory back.

interface Disposable {
  dispose(): Promise<void>;
}

/** Remembers what was made, and returns it. */
export type Made = <T extends Disposable | undefined>(one: T) => T;

/**
 * What `make` returns. Where it throws, all that it has told of is disposed of before that is thrown on: a device that was too full for the
 * last graph would stay full of the others.
 */
export async function allOrNone<T>(make: (made: Made) => Promise<T>): Promise<T> {
  const all: (Disposable | undefined)[] = [];
  try {
    return await make((one) => {
      all.push(one);
      return one;
    });
  } catch (error) {
    // Why it failed is worth more than that a device that has failed cannot let go.
    await Promise.allSettled(all.map(async (one) => one?.dispose()));
    throw error;
  }
}
