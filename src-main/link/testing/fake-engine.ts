// An engine's process with nothing in it but the protocol: what its first page asks for decides how it behaves and ends.
import { writeFileSync } from 'node:fs';
import { protocolVersion } from '../../../shared/contract/protocol-version.ts';
import { readEngineArguments } from '../engine-arguments.ts';
import { refusedExitCode } from '../engine-messages.ts';
import type { FromEngineProcess, ToEngineProcess } from '../engine-messages.ts';

const { home, roots, resumeInterrupted } = readEngineArguments(process.argv.slice(2));
const mode = process.env['FAKE_ENGINE'] ?? '';
const send = (message: FromEngineProcess): void => void process.send!(message);

if (mode === 'refuse') {
  process.stderr.write(
    `a line of a library\n${JSON.stringify({ code: 'locked', message: 'The home is in use.', hint: 'Close the other window.' })}\n`,
  );
  process.exit(refusedExitCode);
} else if (mode === 'crash-at-start') {
  process.stderr.write('out of luck\n');
  process.exit(7);
} else if (mode !== 'silent') {
  send({ type: 'hello', protocol: mode === 'old' ? `${protocolVersion}0` : protocolVersion, program: 'fake' });
}

const open = new Set<number>();
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToEngineProcess) => {
  if ('type' in message) {
    if (mode !== 'stubborn') setTimeout(() => process.exit(0), 20);
    writeFileSync(`${home}/shutdown`, '');
    return;
  }
  const { client } = message;
  if ('closed' in message) {
    open.delete(client);
    return;
  }
  open.add(client);
  const call = message.message;
  if (call.type !== 'call') return;
  switch (call.channel) {
    case 'echo':
      return send({ client, message: { type: 'ok', id: call.id, output: call.input } });
    case 'facts':
      return send({
        client,
        message: {
          type: 'ok',
          id: call.id,
          output: { home, roots, resumeInterrupted, pages: [...open], fileThreads: process.env['UV_THREADPOOL_SIZE'] },
        },
      });
    case 'exit':
      process.stderr.write('the last words\n');
      process.exit(call.input as number);
      break;
    default: // never answered
  }
});
