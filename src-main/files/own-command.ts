// What this process is, for whoever finds it in the way.
import { hostname } from 'node:os';
import { basename } from 'node:path';

const quoted = (word: string): string => (/^[\w./@:+,=~-]+$/.test(word) ? word : JSON.stringify(word));

/** The command as it was typed, or the name of the program's file where it was no command. */
export function ownCommand([, file = '', ...args]: readonly string[] = process.argv): string {
  const name = basename(file).replace(/\.[a-z]+$/, '');
  return name === 'ijepa-studio' ? ['ijepa-studio', ...args.map(quoted)].join(' ') : name;
}

/** How a process that holds something is ended with what it has made kept. */
export function howToEnd(pid: number, host: string): string {
  if (host !== hostname()) return `Wait for it, or end it on ${host}.`;
  const command = process.platform === 'win32' ? `taskkill /pid ${pid}` : `kill ${pid}`;
  return `Wait for it, or end it with Ctrl-C in its terminal, by closing its window, or with: ${command}`;
}
