// What is asked of a disk that may never answer, as one on a server that is gone: each question that waits there holds one of the few
// threads on which this process works with files, however soon whoever asked has given up.

/** Asks again only when the answer before has come; who asks meanwhile gets that one. */
export function askedOnce<T>(ask: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const pending = new Map<string, Promise<T>>();
  return (path) => {
    const known = pending.get(path);
    if (known) return known;
    const asked = ask(path).finally(() => pending.delete(path));
    pending.set(path, asked);
    return asked;
  };
}
