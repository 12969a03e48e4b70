// A process that starts another one, which is guarded and then stuck for good, says its number and waits. Started with `child` it is the stuck one.
import { fork } from 'node:child_process';
import { nodeArguments } from '../../files/node-arguments.ts';
import { guardOrphan } from '../orphan-guard.ts';

if (process.argv[2] === 'child') {
  guardOrphan(300, 50);
  process.send!('guarded', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
} else {
  const child = fork(import.meta.filename, ['child'], { execArgv: [...nodeArguments] });
  child.on('message', () => process.stdout.write(`${child.pid}\n`));
}
