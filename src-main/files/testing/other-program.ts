// Another program of this user that computes on the graphics card: the one that started this one lends its number.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdCard } from '../card-lock.ts';

export const cardFolder = (): string => join(tmpdir(), `ijepa-studio-card-${process.getuid?.() ?? 'user'}`);

/** Ticks since boot at which a process was started, where the system tells. */
function startOf(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Has it hold the card; returns what ends that. */
export function anotherHoldsCard(): () => void {
  const done = holdCard();
  const own = JSON.parse(readFileSync(join(cardFolder(), String(process.pid)), 'utf8')) as object;
  done();
  const file = join(cardFolder(), String(process.ppid));
  writeFileSync(file, JSON.stringify({ ...own, pid: process.ppid, started: startOf(process.ppid) }));
  return () => rmSync(file, { force: true });
}
