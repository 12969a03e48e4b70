// What a page remembers on this computer: sizes and panels, never what the work is about.

const prefix = 'ijepa-studio.';

/** The value kept under `name` if `check` accepts it. A browser that keeps nothing, or that was tampered with, gives the fallback. */
export function remembered<T>(name: string, fallback: T, check: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(prefix + name) ?? 'null');
    return check(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // Private windows keep nothing: the choice then holds until the page is left.
  }
}
