// Answers `thumbnail/<id>` and `picture/<id>` of the testing page while vite serves it: drawings of what `synthetic-images.ts` says.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin, PreviewServer } from 'vite';
import { imageCount, lookOf, statusOf } from './synthetic-images.ts';
import type { Look } from './synthetic-images.ts';

const outlines: Readonly<Record<Look['shape'], string>> = {
  circle: '<circle r="50"/>',
  square: '<rect x="-45" y="-45" width="90" height="90"/>',
  triangle: '<path d="M0-50 45 38H-45Z"/>',
  ring: '<circle r="38" fill="none" stroke="currentColor" stroke-width="22"/>',
  star: '<path d="M0-50 12-16 48-15 19 6 29 40 0 20-29 40-19 6-48-15-12-16Z"/>',
};

/** The drawing of an image, as SVG. */
export function drawing(image: number): string {
  const { shape, hue, size, turn } = lookOf(image);
  const colour = `hsl(${hue} 68% 52%)`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-64 -64 128 128" width="512" height="512" color="${colour}">` +
    `<rect x="-64" y="-64" width="128" height="128" fill="hsl(${hue} 22% 88%)"/>` +
    `<g fill="${colour}" transform="rotate(${turn}) scale(${size})">${outlines[shape]}</g></svg>`
  );
}

/** Answers a request for a drawing; says whether it was one. */
function answer(request: IncomingMessage, response: ServerResponse): boolean {
  const [, image] = /^\/testing\/(?:thumbnail|picture)\/(\d+)(?:\?|$)/.exec(request.url ?? '') ?? [];
  if (image === undefined) return false;
  const known = Number(image) >= 1 && Number(image) <= imageCount && statusOf(Number(image)) !== 'failed';
  response.statusCode = known ? 200 : 404;
  response.setHeader('content-type', known ? 'image/svg+xml' : 'text/plain');
  response.setHeader('cache-control', 'max-age=3600');
  response.end(known ? drawing(Number(image)) : 'There is no such picture.');
  return true;
}

/** Only while serving, from the sources or what was built of them: a build does not have it. */
export const syntheticPictures = (): Plugin => {
  const listen = ({ middlewares }: Pick<PreviewServer, 'middlewares'>): void =>
    void middlewares.use((request, response, next) => {
      if (!answer(request, response)) next();
    });
  return { name: 'synthetic-pictures', apply: 'serve', configureServer: listen, configurePreviewServer: listen };
};
