// Whether many contents are looked up while others get their turn.
import { HashIndex } from '../hash-index.ts';

export interface LookupCounts {
  readonly all: number;
  /** Of one turn of the event loop. */
  readonly mostInTurn: number;
}

/** Counts lookups until the returned function is called. */
export function countLookups(): () => LookupCounts {
  const original = Object.getOwnPropertyDescriptor(HashIndex.prototype, 'rowOf')!.value as (
    this: HashIndex,
    hash: string,
  ) => number | undefined;
  let [all, inTurn, mostInTurn] = [0, 0, 0];
  let isCounting = true;
  const turn = (): void => {
    inTurn = 0;
    if (isCounting) setImmediate(turn);
  };
  turn();
  HashIndex.prototype.rowOf = function (this: HashIndex, hash: string) {
    all++;
    mostInTurn = Math.max(mostInTurn, ++inTurn);
    return original.call(this, hash);
  };
  return () => {
    isCounting = false;
    HashIndex.prototype.rowOf = original;
    return { all, mostInTurn };
  };
}
