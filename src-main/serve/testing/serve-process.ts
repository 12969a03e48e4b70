// A server of its own for a test that kills it: says its address and the engine's process as JSON, and stays.
import { join } from 'node:path';
import { startServer } from '../server.ts';

const [folder, page] = process.argv.slice(2) as [string, string];
const server = await startServer({
  root: join(import.meta.dirname, '..', '..', '..'),
  home: join(folder, 'home'),
  roots: [folder],
  host: '127.0.0.1',
  port: 0,
  page,
});
server.link.watch((state) => {
  if (state === 'ready') process.stdout.write(`${JSON.stringify({ url: server.urls[0], engine: server.link.pid })}\n`);
});
