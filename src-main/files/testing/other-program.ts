// Another program of this user that computes on the graphics card: the one that started this one lends its number.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardFolder, holdCard } from '../card-lock.ts';
import type { CardUse } from '../card-lock.ts';

/** Ticks since boot at which a process was started, where the system tells. */
function startOf(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Has it hold the card; returns what ends that. */
export function anotherHoldsCard(use: CardUse = 'works'): () => void {
  const done = holdCard(use);
  const own = JSON.parse(readFileSync(join(cardFolder(), `${process.pid}-${use}`), 'utf8')) as object;
  done();
  const file = join(cardFolder(), `${process.ppid}-${use}`);
  writeFileSync(file, JSON.stringify({ ...own, pid: process.ppid, started: startOf(process.ppid) }));
  return () => rmSync(file, { force: true });
}
