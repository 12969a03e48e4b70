// Entry of the engine's process: answers pages over the channel of whoever started it, until it is told to end or nobody is there.
// Arguments: see link/engine-arguments.ts.
import { writeSync } from 'node:fs';
import type { ToEngine } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
import { toWire } from '../../shared/errors.ts';
import { programVersion } from '../../shared/version.ts';
import { readEngineArguments } from '../link/engine-arguments.ts';
import { refusedExitCode } from '../link/engine-messages.ts';
import type { EngineRefusal, FromEngineProcess, ToEngineProcess } from '../link/engine-messages.ts';
import { Engine } from './app/engine.ts';

/** Milliseconds that running work has to keep what it has made, and after which the process ends whatever still hangs. */
const graceMs = 9_000;
const lastMs = 11_000;

interface Client {
  readonly receive: (message: ToEngine) => void;
  readonly closed: () => void;
}

function open(): Engine {
  try {
    return new Engine(readEngineArguments(process.argv.slice(2)));
  } catch (error) {
    // At once: this process ends, and its standard error is a pipe.
    writeSync(2, `${JSON.stringify(toWire(error) satisfies EngineRefusal)}\n`);
    process.exit(refusedExitCode);
  }
}

const engine = open();
const clients = new Map<number, Client>();
let ending = false;

/** Whoever started this process may be gone before a message; then it is about to end. */
function send(message: FromEngineProcess): void {
  if (process.connected) process.send!(message, undefined, undefined, () => {});
}

function connect(client: number): Client {
  let receive = (_message: ToEngine): void => {};
  let closed = (): void => {};
  engine.serve({
    send: (message) => clients.has(client) && send({ client, message }),
    onMessage: (handler) => (receive = handler),
    onClose: (handler) => (closed = handler),
  });
  return { receive, closed };
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(0), lastMs).unref();
  for (const { closed } of clients.values()) closed();
  clients.clear();
  await engine.dispose(graceMs);
  process.exit(0);
}

process.on('message', (message: ToEngineProcess) => {
  if (ending) return;
  if ('type' in message) return void end();
  if ('closed' in message) {
    clients.get(message.client)?.closed();
    clients.delete(message.client);
    return;
  }
  let client = clients.get(message.client);
  if (!client) clients.set(message.client, (client = connect(message.client)));
  client.receive(message.message);
});
process.on('disconnect', () => void end()); // whoever started this process is gone
process.on('SIGTERM', () => void end());
process.on('SIGHUP', () => void end());
// Ctrl-C reaches the whole group of processes; the one that started this one decides what it means.
process.on('SIGINT', () => {});

send({ type: 'hello', protocol: protocolVersion, program: programVersion });
