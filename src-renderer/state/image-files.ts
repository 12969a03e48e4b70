// What a window can do with the files of images: absent in a browser, which has no way to them.
import { mostDragged } from '../../shared/contract/limits.ts';
import { strings } from '../strings/strings.ts';
import type { Studio } from './studio.svelte.ts';

/** Shows the file of an image in the system's file manager. */
export function revealOf(studio: Pick<Studio, 'face' | 'ask'>): ((image: number) => void) | undefined {
  const { face } = studio;
  if (!face.reveal) return undefined;
  return (image) =>
    void studio.ask('library.details', { image }).then((found) => {
      if (found) face.reveal?.(found.file);
    });
}

/** Drags the file of an image out of the window, and with it those of the selection that it is in: called in `dragstart`, after its default was prevented. */
export function dragOutOf(studio: Pick<Studio, 'face' | 'selection' | 'notices'>): ((image: number) => void) | undefined {
  const { face, selection, notices } = studio;
  if (!face.dragOut) return undefined;
  return (image) => {
    if (!selection.has(image)) return face.dragOut?.([image]);
    // What is under the pointer comes along whatever is left behind.
    const others = [...selection.images].filter((other) => other !== image);
    if (selection.size > mostDragged)
      notices.say(strings.common.tooManyDragged(mostDragged, selection.size), strings.common.tooManyDraggedHint);
    face.dragOut?.([image, ...others.slice(0, mostDragged - 1)]);
  };
}
