import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { csvLine, parseCsv } from './csv.ts';

const field = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', '\r', ' ', '\uFEFF', '💾') }),
  fc.string({ unit: 'binary' }),
);
const record = fc.array(field, { minLength: 1, maxLength: 4 }).filter((fields) => fields.length > 1 || fields[0] !== '');
const records = fc.array(record, { maxLength: 6 });
const fieldsOf = (text: string): (readonly string[])[] => parseCsv(text).map(({ fields }) => fields);
/** An own quoting of every field, so that writer and reader are not only each other's mirror. */
const quoted = (fields: readonly string[]): string => fields.map((one) => `"${one.split('"').join('""')}"`).join(',');

describe('CSV', () => {
  it('reads what it writes, whatever the fields hold', () => {
    fc.assert(
      fc.property(records, (list) => {
        const text = list.map(csvLine).join('');
        fc.pre(!text.startsWith('\uFEFF'));
        expect(fieldsOf(text)).toEqual(list);
        expect(fieldsOf(`\uFEFF${text}`)).toEqual(list);
      }),
    );
  });

  it('reads quoted fields with LF or CRLF, and a last line without an end', () => {
    fc.assert(
      fc.property(records, fc.constantFrom('\n', '\r\n'), fc.boolean(), (list, end, ended) => {
        const text = list.map(quoted).join(end) + (ended && list.length > 0 ? end : '');
        expect(fieldsOf(text)).toEqual(list);
      }),
    );
  });

  it('takes any text without hanging, or says that a quote is open', () => {
    fc.assert(
      fc.property(field, (text) => {
        try {
          const parsed = parseCsv(text);
          expect(parsed.map(({ line }) => line)).toEqual(parsed.map(({ line }) => line).toSorted((a, b) => a - b));
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(error).toMatchObject({ code: 'bad-file' });
        }
      }),
    );
  });

  it('numbers records by the line on which they begin, blank lines and line ends in quotes included', () => {
    expect(parseCsv('a,b\r\n\r\n"x\ny",2\n\nc,3')).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 3, fields: ['x\ny', '2'] },
      { line: 6, fields: ['c', '3'] },
    ]);
  });

  it('reads what spreadsheets write', () => {
    expect(fieldsOf('a,,"b ""c"""\n"x"y,z\n')).toEqual([
      ['a', '', 'b "c"'],
      ['xy', 'z'],
    ]);
    expect(fieldsOf('')).toEqual([]);
  });
});
