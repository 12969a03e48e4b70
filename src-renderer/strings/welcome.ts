import { formatCount, plural } from './format.ts';

export const welcome = {
  title: 'Learn from your own images',
  lead: 'I-JEPA looks at part of an image and learns to predict the rest – not its pixels, but what they mean. Afterwards it can tell which of your images are alike. Everything stays on this computer.',
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
      : `Runs train on ${cards.join(' or ')} where it computes right and is faster than the processor, ${processor} (${formatCount(cores)} cores).`,
  timeText:
    'Reading takes about a minute for every 20,000 small photos on one core, longer for large ones. A short first run on a few thousand images takes minutes to an hour on a processor; good features from tens of thousands of images take hours to days. “Measure” tries a few steps before a run starts and tells its real time.',
  honest: 'On small folders a short run may be no better than comparing pixels. Every evaluation says so when that is the case.',
} as const;
