// The folders that recipes are judged on. Nothing of them is part of this repository; they are laid out once, below the data folder.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** How the vectors of a folder are judged: 20-NN by its folders' names, or retrieval of the same emoji drawn by another vendor. */
export type Truth = 'labels' | 'twins';

export interface BenchFolder {
  readonly what: string;
  readonly truth: Truth;
  /** Why it cannot be laid out here; undefined when it can. */
  missing(): string | undefined;
  /** Fills an empty folder. */
  fill(folder: string): void;
}

const shared = new URL('../../../shared/data/', import.meta.url).pathname;
const cifarArchive = process.env['IJEPA_CIFAR10'] ?? join(shared, 'cifar10-images.tar.gz');
/** First files by name of each class: the protocol's bank, which is also what is trained on, and all queries. */
const cifarPerClass = 1000;

const cifar10: BenchFolder = {
  what: 'CIFAR-10: 1,000 images of each of ten classes to learn from and look up in; 200 others of each ask when choosing, 800 when reporting',
  truth: 'labels',
  missing: () => (existsSync(cifarArchive) ? undefined : `there is no ${cifarArchive} (IJEPA_CIFAR10 names another place)`),
  fill: (folder) => {
    const all = `${folder}-all`;
    mkdirSync(all, { recursive: true });
    execFileSync('tar', ['xzf', cifarArchive, '-C', all]);
    for (const split of ['train', 'test'])
      for (const label of readdirSync(join(all, split))) {
        const target = join(folder, split, label);
        mkdirSync(target, { recursive: true });
        const files = readdirSync(join(all, split, label))
          .sort()
          .slice(0, cifarPerClass);
        for (const file of files) linkSync(join(all, split, label, file), join(target, file));
      }
    rmSync(all, { recursive: true });
  },
};

/** Vendors under free licences: Google's Noto (Apache-2.0), Twitter's Twemoji (CC-BY 4.0). */
const vendors = ['google', 'twitter'] as const;

interface Emoji {
  readonly image: string;
  readonly has_img_google: boolean;
  readonly has_img_twitter: boolean;
}

function packageFolder(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

const emoji: BenchFolder = {
  what: 'emoji of two vendors, one picture of each without skin tones; the truth is "the same emoji, drawn by the other vendor"',
  truth: 'twins',
  missing: () => {
    const lacking = vendors.map((vendor) => `emoji-datasource-${vendor}`).filter((name) => packageFolder(name) === undefined);
    return lacking.length > 0 ? `not installed: ${lacking.join(', ')} (npm ci)` : undefined;
  },
  fill: (folder) => {
    const list = JSON.parse(readFileSync(join(packageFolder('emoji-datasource-google')!, 'emoji.json'), 'utf8')) as Emoji[];
    for (const vendor of vendors) {
      const pictures = join(packageFolder(`emoji-datasource-${vendor}`)!, 'img', vendor, '64');
      mkdirSync(join(folder, vendor), { recursive: true });
      for (const one of list)
        if (one.has_img_google && one.has_img_twitter && existsSync(join(pictures, one.image)))
          copyFileSync(join(pictures, one.image), join(folder, vendor, one.image));
    }
  },
};

const stampsFolder = '/usr/share/tuxpaint/stamps';

const stamps: BenchFolder = {
  what: 'photographs and drawings of Debian’s tuxpaint-stamps-default, labelled by category',
  truth: 'labels',
  missing: () => (existsSync(stampsFolder) ? undefined : 'the Debian package tuxpaint-stamps-default is not installed'),
  fill: (folder) => {
    for (const category of readdirSync(stampsFolder)) {
      const pictures = readdirSync(join(stampsFolder, category), { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile() && /\.(png|svg)$/.test(one.name))
        .map((one) => join(one.parentPath, one.name));
      if (pictures.length === 0) continue;
      mkdirSync(join(folder, category), { recursive: true });
      for (const [i, picture] of pictures.entries()) copyFileSync(picture, join(folder, category, `${i}-${picture.split('/').at(-1)}`));
    }
  },
};

export const benchFolders: Readonly<Record<string, BenchFolder>> = { cifar10, emoji, stamps };

/** Where a folder lies; laid out on first use. Throws an Error with the reason when it cannot be. */
export function layOut(name: string, data: string): string {
  const folder = benchFolders[name];
  if (!folder) throw new Error(`There is no folder ${name}; there are ${Object.keys(benchFolders).join(', ')}.`);
  const place = join(data, name);
  if (existsSync(place)) return place;
  const reason = folder.missing();
  if (reason !== undefined) throw new Error(`${name} was skipped: ${reason}.`);
  const making = `${place}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  folder.fill(making);
  renameSync(making, place);
  return place;
}
