// RFC 4180: fields may be quoted, quotes are doubled, lines end in LF or CRLF, and a quoted field may hold both.
import { closeSync, openSync, readSync } from 'node:fs';
import { AppError } from '../../shared/errors.ts';

export interface CsvRecord {
  /** Line of the file, from 1, on which the record begins. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** The records of a CSV text, blank lines left out; a byte-order mark is ignored. Throws `bad-file` for a quote that is never closed. */
export function parseCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const begin = line;
    const fields: string[] = [];
    for (let more = true; more;) {
      let field = '';
      if (text[at] === '"') {
        for (;;) {
          const close = text.indexOf('"', at + 1);
          if (close < 0)
            throw new AppError(
              'bad-file',
              `A quote that is opened on line ${begin} is never closed.`,
              'Close the quote, or write the file again with a spreadsheet program.',
            );
          field += text.slice(at + 1, close);
          at = close + 1;
          if (text[at] !== '"') break;
          field += '"';
        }
        for (const character of field) if (character === '\n') line++;
      }
      // What follows a closing quote is kept as it stands: spreadsheets read `"a"b` as `ab`.
      const from = at;
      while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
      field += text[at - 1] === '\r' && text[at] !== ',' ? text.slice(from, Math.max(from, at - 1)) : text.slice(from, at);
      fields.push(field);
      more = text[at] === ',';
      at++;
    }
    line++;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: begin, fields });
  }
  return records;
}

/** One record, quoted where needed, with CRLF. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;
}

/** Whether a file begins with a line as `csvLine` writes it, also when an editor has changed its line ends. Throws the operating system's errors. */
export function beginsWithLine(path: string, line: string): boolean {
  const start = Buffer.alloc(line.length);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, start, 0, start.length, 0);
  } finally {
    closeSync(handle);
  }
  return start.toString('latin1').split(/\r?\n/, 1)[0] === line.trimEnd();
}
