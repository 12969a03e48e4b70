// A program that is measured: a process of its own that answers a command per line with a line of JSON, so that programs can take
// turns within one run whatever language they are written in.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Answer {
  readonly seconds: number;
  /** Processor time of all threads, seconds. */
  readonly cpu: number;
  readonly peakMebibytes: number;
  readonly [figure: string]: number;
}

export class Peer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.on('error', (error) => (this.#said = error.message));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-2000)));
    child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts a program and waits until it is ready. Throws with its last words when it ends instead. */
  static async start(program: string, parameters: readonly string[]): Promise<{ peer: Peer; version: string }> {
    const peer = new Peer(spawn(program, parameters, { stdio: 'pipe' }));
    const { version } = (await peer.#next()) as { version?: string };
    return { peer, version: version ?? '' };
  }

  async #next(): Promise<object> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(this.#said.trim().split('\n').at(-1) ?? 'ended without a word');
    return JSON.parse(value) as object;
  }

  /** One measurement. Throws what the program says went wrong. */
  async ask(command: string): Promise<Answer> {
    this.#child.stdin.write(`${command}\n`);
    const answer = (await this.#next()) as Answer & { readonly error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  dispose(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

export type Turn = readonly [name: string, peer: Peer, command: string];

/** Lets programs take turns: `rounds` answers of each, after one that is not counted. */
export async function alternate(turns: readonly Turn[], rounds: number): Promise<Readonly<Record<string, readonly Answer[]>>> {
  const answers: Record<string, Answer[]> = Object.fromEntries(turns.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const [name, peer, command] of turns) {
      const answer = await peer.ask(command);
      if (round > 0) answers[name]!.push(answer);
    }
  return answers;
}
