// Shortcuts are off while someone types.

const typed = new Set(['text', 'search', 'number', 'password', 'email', 'url', 'tel']);

/** Whether what has the focus takes letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && typed.has(target.type);
}
