// Images of a folder that has moved and that no file of its new place was matched with yet; each step takes as long however many there are.

/** An image with a content, as the catalogue has it. */
export interface OldImage {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly hash: string;
}

/** Images in order; those before `next` were matched. */
interface Line {
  readonly images: OldImage[];
  next: number;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const contentKey = (size: number, hash: string): string => `${size} ${hash}`;
const nameKey = (size: number, hash: string, path: string): string => `${size} ${hash} ${nameOf(path)}`;

function join(lines: Map<string, Line>, key: string, image: OldImage): void {
  const line = lines.get(key);
  if (line) line.images.push(image);
  else lines.set(key, { images: [image], next: 0 });
}

/** Old images by path, content and name; each is matched once. */
export class UnmatchedImages {
  readonly #matched = new Set<number>();
  readonly #byPath = new Map<string, OldImage>();
  readonly #byContent = new Map<string, Line>();
  readonly #byName = new Map<string, Line>();
  /** Images that are left of a size in bytes. */
  readonly #left = new Map<number, number>();

  /** Images of one folder: no two have the same path. */
  constructor(images: Iterable<OldImage>) {
    for (const image of images) {
      const { path, size, hash } = image;
      this.#byPath.set(path, image);
      join(this.#byContent, contentKey(size, hash), image);
      join(this.#byName, nameKey(size, hash, path), image);
      this.#left.set(size, (this.#left.get(size) ?? 0) + 1);
    }
  }

  /** Whether there is one of so many bytes. */
  hasSize(size: number): boolean {
    return (this.#left.get(size) ?? 0) > 0;
  }

  /** The one with this path, when it is of so many bytes. */
  at(path: string, size: number): OldImage | undefined {
    const image = this.#byPath.get(path);
    return image && image.size === size && !this.#matched.has(image.id) ? image : undefined;
  }

  /** Of those with the same content the one with the same path, else with the same name, else the first. */
  best(path: string, size: number, hash: string): OldImage | undefined {
    const same = this.at(path, size);
    if (same?.hash === hash) return same;
    return this.#first(this.#byName.get(nameKey(size, hash, path))) ?? this.#first(this.#byContent.get(contentKey(size, hash)));
  }

  /** Takes one of them out. */
  take({ id, size }: OldImage): void {
    this.#matched.add(id);
    this.#left.set(size, this.#left.get(size)! - 1);
  }

  #first(line: Line | undefined): OldImage | undefined {
    if (!line) return undefined;
    while (line.next < line.images.length && this.#matched.has(line.images[line.next]!.id)) line.next++;
    return line.images[line.next];
  }
}
