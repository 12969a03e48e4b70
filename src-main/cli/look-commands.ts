// Commands that look at a folder by its vectors: what is alike, on a map, there twice, and what the encoder sees.
import type { Command } from 'commander';
import { bind, examples, layer, onRun, threads } from './command-parts.ts';

export function addLookCommands(root: Command): void {
  bind(
    threads(layer(onRun(root.command('search [folder]').description('the images most like one or several others')))),
    async () => (await import('./commands/search.ts')).searchCommand,
  )
    .option('--image <file...>', 'query images (of the folder or any others)')
    .option('--minus <file...>', 'images that the results should not be like')
    .option('-k, --count <number>', 'how many', '10')
    .option('--min-score <cosine>', 'leave out what scores lower')
    .option('--space <space>', 'raw (unchanged), centred or whitened', 'whitened')
    .option('--sheet <file>', 'draw query and results as a PNG')
    .addHelpText(
      'after',
      examples(['search --image cat.jpg', 'search ~/Pictures --image a.jpg b.jpg --minus c.jpg -k 20 --sheet found.png']),
    );

  bind(
    layer(onRun(root.command('map [folder]').description('a map of the folder on which images that are alike lie together'))),
    async () => (await import('./commands/map.ts')).mapCommand,
  )
    .option('--space <space>', 'raw (unchanged), centred or whitened', 'whitened')
    .option('--again', 'draw it again, also where one with all images is kept; images stay near their places')
    .option('--table <file>', 'write the places as CSV: filepath,label,x,y')
    .option('--sheet <file>', 'draw the map as a PNG')
    .addHelpText('after', examples(['map', 'map ~/Pictures --sheet map.png', 'map --run Pictures-1 --table places.csv']));

  bind(
    layer(
      onRun(
        root
          .command('duplicates [folder]')
          .description('files of a folder that show the same, in groups, the best to keep first; nothing is deleted, moved or marked'),
      ),
    ),
    async () => (await import('./commands/duplicates.ts')).duplicatesCommand,
  )
    .option(
      '--level <level>',
      'file: the same bytes (needs no vectors); picture: also the same picture, resized or saved anew; similar: also what has similar vectors (default: picture, or similar with --similarity)',
    )
    .option('--similarity <cosine>', 'how similar, from 0.8 to 1: every file of a group scores higher with its centre (default: 0.98)')
    .option('--space <space>', 'raw (unchanged), centred or whitened', 'whitened')
    .option('--csv <file>', 'write all groups as a table')
    .addHelpText(
      'after',
      examples([
        'duplicates ~/Pictures',
        'duplicates ~/Pictures --similarity 0.95 --csv duplicates.csv',
        'duplicates ~/Pictures --level file --json',
      ]),
    );

  bind(
    threads(
      onRun(
        root
          .command('features [folder]')
          .description('what the encoder sees in pictures: patches that it finds similar get similar colours'),
      ),
    ),
    async () => (await import('./commands/features.ts')).featuresCommand,
  )
    .option('--image <file...>', 'pictures to look at (of the folder or any others)')
    .option('--sheet <file>', 'where to draw them, as a PNG')
    .option(
      '--finer <times>',
      'how many times more pixels and patches per side than in training, 1 to 4 (default: 4 if it was trained on at most four patches per side, else 1)',
    )
    .addHelpText(
      'after',
      examples(['features --image cat.jpg --sheet seen.png', 'features ~/Pictures --run big --image a.jpg b.jpg --sheet seen.png']),
    );
}
