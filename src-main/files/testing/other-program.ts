// Another program of this user that computes on the graphics card, or has taken a place: the one that started this one lends its number.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardFolder, holdCard } from '../card-lock.ts';
import type { CardUse } from '../card-lock.ts';
import { placeLockFile, takePlace } from '../place-lock.ts';

/** Ticks since boot at which a process was started, where the system tells. */
function startOf(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Writes the lock of this process as one of that program; returns what ends that. */
function lend(own: string, file: string): () => void {
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(own) as object), pid: process.ppid, started: startOf(process.ppid) }));
  return () => rmSync(file, { force: true });
}

/** Has it write to a place, as the disk has its path; returns what ends that. */
export function anotherHoldsPlace(place: string): () => void {
  const lock = takePlace(place, '');
  const own = readFileSync(placeLockFile(place), 'utf8');
  lock.dispose();
  return lend(own, placeLockFile(place));
}

/** Has it hold the card, for the process `worksFor` where one is given; returns what ends that. */
export function anotherHoldsCard(use: CardUse = 'works', worksFor?: number): () => void {
  const done = holdCard(use, worksFor);
  const own = readFileSync(join(cardFolder(), `${process.pid}-${use}`), 'utf8');
  done();
  return lend(own, join(cardFolder(), `${process.ppid}-${use}`));
}
