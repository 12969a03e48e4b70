import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import { homeAt } from '../../engine/home.ts';
import { startServer } from '../../serve/server.ts';
import type { StudioServer } from '../../serve/server.ts';
import type { Action } from '../action.ts';
import { interruptible } from '../interrupt.ts';
import { integerOption, listOption, textOption } from '../options.ts';
import type { Output } from '../output.ts';

const loopbackHosts = ['127.0.0.1', 'localhost', '::1'];

/** Resolves when the engine answers. Rejects with why it never will. */
async function begun({ link }: StudioServer): Promise<void> {
  await new Promise<void>((done, failed) => {
    link.watch((state, reason) => {
      if (state === 'ready') done();
      if (state !== 'ended') return;
      const {
        code = 'engine-crashed',
        message,
        hint,
      } = link.refusal ?? { message: `The engine ${reason}`, hint: 'Try: ijepa-studio doctor' };
      failed(new AppError(code, message, hint));
    });
  });
}

function tell(output: Output, { urls, port }: StudioServer, host: string, secure: boolean): void {
  output.event({ type: 'serving', url: urls[0], urls, port });
  output.say(`Open this address in a browser; whoever has it can use the program:\n${urls.map((url) => `  ${url}`).join('\n')}`);
  if (loopbackHosts.includes(host))
    output.say(`From another machine: ssh -L ${port}:127.0.0.1:${port} THIS-MACHINE, then the same address there.`);
  else {
    const heard = secure ? '' : ' It is not encrypted: whoever can listen to the network gets in too (--cert and --key encrypt it).';
    output.say(`Warning: everyone in this machine’s network can reach this port.${heard}`);
  }
  output.say('Ctrl-C ends it; a run that trains keeps a checkpoint.');
}

export const serveCommand: Action = async (output, options) => {
  const [cert, key] = [textOption(options, 'cert'), textOption(options, 'key')];
  if ((cert === undefined) !== (key === undefined))
    throw new AppError('bad-config', 'A certificate needs its key, and a key its certificate.', 'Give both --cert and --key.');
  const host = textOption(options, 'host')!;
  const roots = listOption(options, 'root');
  const interrupt = interruptible(() => output.say('Ending; Ctrl-C again ends it at once …'));
  const server = await startServer({
    root: join(import.meta.dirname, '..', '..', '..'),
    home: homeAt(textOption(options, 'home')).path,
    roots: roots.length > 0 ? roots.map((root) => resolve(root)) : [homedir()],
    host,
    port: integerOption(options, 'port', '--port', 0, 65_535)!,
    ...(cert !== undefined && key !== undefined && { tls: { cert, key } }),
  });
  try {
    const asked = new Promise<void>((done) => interrupt.signal.addEventListener('abort', () => done(), { once: true }));
    await Promise.race([begun(server), asked]);
    if (!interrupt.signal.aborted) tell(output, server, host, cert !== undefined);
    const ended = new Promise<never>((_done, failed) => {
      server.link.watch((state, reason) => {
        if (interrupt.signal.aborted) return;
        if (state === 'crashed') output.say(`The engine ${reason}. It is started again.`);
        if (state === 'ended')
          failed(new AppError('engine-crashed', `The engine ${reason}`, 'Start it again; a run goes on with: ijepa-studio train --resume'));
      });
    });
    await Promise.race([asked, ended]);
    return 0;
  } finally {
    await server.dispose();
    interrupt.done();
  }
};
