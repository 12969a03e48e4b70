// How folders come in: chosen in the system's dialog or in the page's own picker, dropped, or made as samples. One per page, because any
// view may ask for a folder and the frame shows the picker.
import { createContext } from 'svelte';
import type { FolderSummary } from '../../../shared/contract/contract-library.ts';
import type { FolderListing } from '../../../shared/contract/contract-system.ts';
import type { LabelSource } from '../../../shared/contract/contract-values.ts';
import type { FileKind } from '../../../shared/contract/file-kinds.ts';
import { AppError } from '../../../shared/errors.ts';
import { strings } from '../../strings/strings.ts';
import { mostDropped } from '../dropped.svelte.ts';
import type { Studio } from '../studio.svelte.ts';

export interface FolderRequest {
  readonly title: string;
  /** Why it is asked for. */
  readonly text?: string | undefined;
  readonly confirm?: string;
  /** Where to begin. */
  readonly start?: string | undefined;
  /** A file of this kind is asked for, not a folder. */
  readonly files?: FileKind;
}

/** A file that may be an image: by its type where the browser knows one; the engine has the last word. */
export const mayBeImage = (file: { readonly type: string }): boolean => file.type === '' || file.type.startsWith('image/');

/** Whether one path lies below another, as both are written in the catalogue. */
export function liesIn(path: string, folder: string): boolean {
  const base = folder.replace(/[\\/]+$/, '');
  return path.startsWith(base) && /^[\\/]./.test(path.slice(base.length));
}

export class LibraryFolders {
  readonly #studio: Studio;
  #request = $state.raw<FolderRequest | undefined>(undefined);
  #answer: (path: string | undefined) => void = () => {};
  #busy = $state.raw(false);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** What the page's own picker is open for. */
  get request(): FolderRequest | undefined {
    return this.#request;
  }
  /** While a folder is being added or samples are being started. */
  get busy(): boolean {
    return this.#busy;
  }

  /** For the picker: errors go to whoever shows it. */
  list(path: string | undefined): Promise<FolderListing> {
    const files = this.#request?.files;
    return this.#studio.client.call('system.folders', { ...(path !== undefined && { path }), ...(files && { files }) });
  }

  /** A folder of the engine's computer, or a file where that is asked for; nothing when the person changed their mind. */
  async ask(request: FolderRequest): Promise<string | undefined> {
    const { face } = this.#studio;
    if (request.files && face.chooseFile) return face.chooseFile(request.files);
    if (!request.files && face.chooseFolder) return face.chooseFolder();
    this.answer(undefined);
    this.#request = request;
    return new Promise((resolve) => (this.#answer = resolve));
  }

  /** What was chosen in the page's own picker. */
  answer(path: string | undefined): void {
    this.#request = undefined;
    this.#answer(path);
    this.#answer = () => {};
  }

  async choose(text?: string): Promise<void> {
    const path = await this.ask({ title: strings.shell.addFolder.replace('…', ''), text });
    if (path !== undefined) await this.add(path);
  }

  /** Adds a folder, or brings it up to date, and shows it. */
  async add(path: string, labels?: LabelSource): Promise<void> {
    await this.#addAll([path], labels);
  }

  /** As `add`, one after the other; the first is shown. One that cannot be added says why and holds up no other. */
  async #addAll(paths: readonly string[], labels?: LabelSource): Promise<void> {
    this.#busy = true;
    let shown = false;
    for (const path of paths) {
      const before = this.#studio.folders ?? [];
      const started = await this.#studio.ask('library.scan', labels ? { path, labels } : { path });
      if (!started) continue;
      if (shown) await this.#studio.refreshFolders();
      else await this.#show(started.folder);
      shown = true;
      this.#tellOverlap(started.folder, before);
    }
    this.#busy = false;
  }

  /** Starts making the samples and shows their folder while it fills. */
  async samples(): Promise<void> {
    this.#busy = true;
    const started = await this.#studio.ask('library.samples', {});
    if (started) {
      await this.#studio.refreshFolders();
      const made = this.#studio.folders?.find(({ path }) => path === started.path);
      if (made) await this.#show(made.id);
    }
    this.#busy = false;
  }

  /** A folder in one that is known, or around one: the same images stand in the library twice then. */
  #tellOverlap(added: number, before: readonly FolderSummary[]): void {
    if (before.some(({ id }) => id === added)) return;
    const folder = this.#studio.folders?.find(({ id }) => id === added);
    if (!folder) return;
    const around = before.find(({ path }) => liesIn(folder.path, path));
    const within = before.filter(({ path }) => liesIn(path, folder.path));
    const words = strings.library.overlap;
    if (around) this.#studio.notices.say(words.around(folder.name, around.name), words.aroundHint(around.name));
    else if (within.length > 0)
      this.#studio.notices.say(
        words.within(
          folder.name,
          within.map(({ name }) => name),
        ),
        words.withinHint,
      );
  }

  /** Takes a folder out of the library. Rejects with the engine's error. */
  async remove({ id, name }: FolderSummary): Promise<void> {
    const { client, notices, selection } = this.#studio;
    await client.call('library.remove', { folder: id });
    notices.say(strings.library.remove.done(name));
    selection.clear();
    await this.#studio.refreshFolders();
  }

  async #show(folder: number): Promise<void> {
    await this.#studio.refreshFolders();
    this.#studio.choose(folder);
    this.#studio.router.go('library');
  }

  /** What was dropped on the page: folders are added, images become queries. What is left aside is said. */
  async drop(data: DataTransfer): Promise<void> {
    const { face, dropped, notices, router } = this.#studio;
    const items = [...data.items].filter(({ kind }) => kind === 'file');
    // Both must be read before the event ends.
    const isFolder = items.map((item) => item.webkitGetAsEntry()?.isDirectory ?? false);
    const files = items.map((item) => item.getAsFile());
    const words = strings.shell;
    const folders = files.filter((_, i) => isFolder[i]);
    if (folders.length > 0) {
      const beside = files.length - folders.length;
      if (beside > 0) notices.say(words.besideFolders(beside), words.besideFoldersHint);
      const paths = folders.map((file) => (file ? face.pathOf?.(file) : undefined)).filter((path) => path !== undefined);
      await this.#addAll(paths);
      if (paths.length < folders.length) await this.choose(words.folderDropped(folders.length - paths.length));
      return;
    }
    const images = files.filter((file) => file !== null).filter(mayBeImage);
    if (images.length === 0) {
      if (items.length > 0) notices.fail(new AppError('bad-file', words.noImagesDropped, words.noImagesHint));
      return;
    }
    if (images.length < items.length) notices.say(words.someNoImages(items.length - images.length, items.length), words.noImagesHint);
    if (images.length > mostDropped) notices.say(words.tooManyFiles(mostDropped, images.length));
    dropped.add(images.slice(0, mostDropped));
    router.go('explore');
  }
}

export const [useFolders, provideFolders] = createContext<LibraryFolders>();
