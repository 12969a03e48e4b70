import type { UsualPictures, UsualPreset } from '../../shared/config/usual-runs.ts';
import { formatCount, formatRoughly, plural } from './format.ts';

const presets: Readonly<Record<UsualPreset, string>> = { quick: 'A first look (quick)', default: 'The usual run (default)' };
const pictures: Readonly<Record<UsualPictures, string>> = { small: 'Small pictures', photographs: 'Photographs' };

export const welcome = {
  title: 'Learn from your own images',
  lead: 'The network learns without labels: which crops belong to the same picture and, towards the end, what hidden patches contain. Afterwards it can tell which of your images are alike. Everything stays on this computer.',
  drop: 'Drop a folder of images here',
  dropBrowser: 'Choose a folder of images',
  dropBrowserText: 'The folder lies on the computer that runs the engine. Nothing is uploaded.',
  choose: 'Choose a folder…',
  samples: 'Try with sample images',
  samplesText: 'The samples are about 1,900 small pictures of things, animals, food, flags and faces, sorted into folders.',
  underWay: 'Under way',
  recent: 'Folders',
  folderLine: (images: number, runs: number) => `${plural(images, 'image')} · ${runs === 0 ? 'no run yet' : plural(runs, 'run')}`,
  missing: 'not there now',
  read: (time: string) => `read ${time}`,
  next: 'What happens next',
  steps: [
    [
      'It is read',
      'Every image is opened once, upright and in true colour. Files that cannot be read are listed with a reason. Your files are never changed.',
    ],
    ['You look', 'Browse and tag the images, and see under Masks what the network is shown and what it must guess.'],
    [
      'It learns',
      'Start a run under Train and watch whether look-alikes get better than by comparing colours. You can pause, stop and go on at any time.',
    ],
    ['You use it', 'Find look-alikes under Explore, and take the vectors to other programs under Export.'],
  ] as const,
  time: 'How long it takes here',
  device: (processor: string, cores: number, cards: readonly string[]) =>
    cards.length === 0
      ? `Runs train on the processor, ${processor} (${formatCount(cores)} cores).`
      : `Runs train on ${cards.join(' or ')} where it computes correctly and is faster than the processor, ${processor} (${formatCount(cores)} cores).`,
  timing: 'Finding out how fast this computer trains…',
  usual: 'Training',
  preset: (name: UsualPreset) => presets[name],
  pictures: (kind: UsualPictures) => pictures[kind],
  about: (seconds: number) => formatRoughly(seconds),
  usualText: (atMost: boolean) =>
    `${atMost ? 'On the processor; a card that is faster shortens it. ' : ''}Small pictures have a short side of up to 112 px. Under Train, “What it takes” tells the time for your own folder, and you can stop a run at any time and keep what it has learned.`,
  readText: 'Reading comes first: about a minute for every 20,000 small photos on one core, longer for large ones.',
  honest: 'On small folders a short run may be no better than comparing pixels. Every evaluation says so when that is the case.',
} as const;
