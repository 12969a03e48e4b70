// What is drawn in a canvas does not follow the page's look by itself: its colours are read when it is drawn, and it is drawn again when they change.

/** Calls `again` when theme, contrast, the system's colours or the screen's density change, until the returned function is called. */
export function watchLook(again: () => void): () => void {
  const system = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)'].map((query) => matchMedia(query));
  for (const one of system) one.addEventListener('change', again);
  const theme = new MutationObserver(again);
  theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  let density: MediaQueryList | undefined;
  const denser = (): void => {
    watchDensity();
    again();
  };
  const watchDensity = (): void => {
    density?.removeEventListener('change', denser);
    density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    density.addEventListener('change', denser);
  };
  watchDensity();
  return () => {
    density?.removeEventListener('change', denser);
    for (const one of system) one.removeEventListener('change', again);
    theme.disconnect();
  };
}

/** Reads tokens as colours that a canvas knows: contrast themes name the system's ("Highlight"), which mean others there. */
export function colourReader(canvas: HTMLCanvasElement): (token: string) => string {
  const style = getComputedStyle(canvas);
  return (token) => {
    const written = style.getPropertyValue(token).trim();
    if (written.startsWith('#')) return written;
    canvas.style.color = `var(${token})`;
    const { color } = style;
    canvas.style.color = '';
    return color;
  };
}
