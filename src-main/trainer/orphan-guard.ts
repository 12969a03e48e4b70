// A process that trains outlives its engine for the checkpoint that it has to write, but not for ever: a call of a driver that never returns
// would hold its memory, its card and its run.
import { Worker } from 'node:worker_threads';

/** Milliseconds that a process may go on without its engine: the longest piece of work that a stop cannot cut, and a checkpoint. */
export const orphanMs = 10 * 60_000;

/**
 * Plain JavaScript, for a thread without any of this program's modules. The number of the parent changes with its death, but for Windows. Time is
 * counted in ticks, which stand still while the computer sleeps.
 */
const watching = `
const { workerData: { parent, ticks, tickMs } } = require('node:worker_threads');
let orphaned = 0;
function isThere() {
  if (process.ppid !== parent) return false;
  try {
    return process.kill(parent, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
setInterval(() => {
  orphaned = isThere() ? 0 : orphaned + 1;
  if (orphaned > ticks) process.kill(process.pid, 'SIGKILL');
}, tickMs);
`;

/** Ends this process at once when the one that started it has been gone for `ms`, from a thread that needs nothing of the others. */
export function guardOrphan(ms = orphanMs, tickMs = 5_000): void {
  const workerData = { parent: process.ppid, ticks: Math.ceil(ms / tickMs), tickMs };
  new Worker(watching, { eval: true, workerData, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
}
