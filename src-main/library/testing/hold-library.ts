// Opens a library for writing, says so, and keeps it until it is killed.
import { openLibrary } from '../library.ts';

openLibrary(process.argv[2]!);
process.stdout.write('open');
setInterval(() => undefined, 60_000);
