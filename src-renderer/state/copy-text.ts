// Puts text on the clipboard, also where a page has no right to it: over plain HTTP from another machine.
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The old way needs a selection in the page.
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden-text';
  // In the dialog that is open, if there is one: outside of it nothing can be selected.
  const place = document.querySelector('dialog[open]') ?? document.body;
  place.append(area);
  const before = document.activeElement;
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
