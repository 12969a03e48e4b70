import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { howToEnd, ownCommand } from './own-command.ts';

it('says a command as it was typed, and other processes by their name', () => {
  expect(ownCommand(['/bin/node', '/opt/x/ijepa-studio.js', 'train', '/my pictures', '--steps', '5'])).toBe(
    'ijepa-studio train "/my pictures" --steps 5',
  );
  expect(ownCommand(['/bin/node', '/usr/bin/ijepa-studio', 'scan', 'a'])).toBe('ijepa-studio scan a');
  expect(ownCommand(['/bin/node', '/opt/x/engine-process.ts', '--home', '/h'])).toBe('engine-process');
});

it('says how to end a process where it runs', () => {
  expect(howToEnd(17, hostname())).toMatch(/(kill|taskkill \/pid) 17$/);
  expect(howToEnd(17, 'elsewhere')).toBe('Wait for it, or end it on elsewhere.');
});
