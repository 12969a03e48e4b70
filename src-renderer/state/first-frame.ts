// What is done about the page's first frame, which it has in itself as it is built (vite.first-frame.ts).
import { firstFrame } from '../strings/first-frame.ts';

/** Milliseconds after which a page that is not drawn, as one that nobody sees, goes on without. */
const longest = 500;

/** Once the page stands on the screen as it came: until then the app would only take the processor from the browser. */
export const drawn = async (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, longest);
    new PerformanceObserver(() => resolve()).observe({ type: 'paint', buffered: true });
  });

/** Views look among the page's links for the styles that they need: those that the page has in itself are named there, and not fetched. */
export function nameStyles(page: Document = document): void {
  for (const style of page.querySelectorAll<HTMLStyleElement>('style[data-of]')) {
    const link = page.createElement('link');
    link.rel = 'stylesheet';
    link.setAttribute('disabled', '');
    link.href = style.dataset['of']!;
    page.head.append(link);
  }
}

/** In the place of a frame that would say for ever that it connects. */
export function sayMissing(): void {
  const said = document.createElement('p');
  said.setAttribute('role', 'alert');
  said.textContent = firstFrame.missing;
  const again = document.createElement('button');
  again.textContent = firstFrame.again;
  again.addEventListener('click', () => location.reload());
  document.getElementById('app')!.replaceChildren(said, again);
}
