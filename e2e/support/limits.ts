// The limits that the program is held to. Machines of tests are slow and shared: there a limit is looser, and the whole one is held with
// IJEPA_STRICT=1, on a machine that does nothing else.

const isStrict = process.env['IJEPA_STRICT'] === '1';

/** `required` where it is strict, else `shared`: three times as much, unless said otherwise. */
export const limit = (required: number, shared = 3 * required): number => (isStrict ? required : shared);
