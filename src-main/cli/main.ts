// The command line. Commands are loaded when they run, so that `--help` is quick.
import { Command } from 'commander';
import { AppError } from '../../shared/errors.ts';
import { programVersion } from '../../shared/version.ts';
import { bind, common, device, examples, layer, machine, onRun, threads } from './command-parts.ts';
import { addConfigFlags } from './config-flags.ts';
import { exitCodeHelp, exitCodes } from './exit-codes.ts';
import { endWithParent } from './interrupt.ts';
import { addLookCommands } from './look-commands.ts';
import { endWithReader, Output } from './output.ts';

function program(): Command {
  const root = new Command('ijepa-studio')
    .description('Train I-JEPA on your own image folders, see what is alike, export the vectors. No Python, no account, no telemetry.')
    .version(programVersion)
    .showHelpAfterError('(see --help)')
    .addHelpText(
      'after',
      `${examples(['demo', 'train ~/Pictures --epochs 50', 'embed ~/Pictures', 'search ~/Pictures --image cat.jpg', 'export ~/Pictures vectors --format npy,parquet'])}\n\n${exitCodeHelp}`,
    );

  bind(
    machine(
      root
        .command('demo')
        .description('the whole workflow on about 1,900 small pictures, in a few minutes: scan, train, embed, evaluate, search')
        .option('--home <folder>', 'where catalogue, cache, runs and embeddings are kept (default: home in the folder of the demo)'),
    ),
    async () => (await import('./commands/demo.ts')).demo,
  )
    .option('--folder <folder>', 'where pictures and results go (default: ./demo)')
    .option('--minutes <number>', 'how long to train; how many steps that is depends on the machine', '3')
    .option('--images <number>', 'how many pictures to use at most', '2000')
    .addHelpText('after', examples(['demo', 'demo --minutes 1']));

  bind(
    common(root.command('scan <folder>').description('read a folder into the catalogue; originals are never touched')),
    async () => (await import('./commands/scan.ts')).scanCommand,
  )
    .option('--labels <from>', 'folders, off, or a CSV file with the columns file,label[,split]')
    .option('--short-side <pixels>', 'shorter side of the cached pictures', '256')
    .option('--cache-limit <megabytes>', 'limit of the decode cache (default: what it holds and a tenth of the free disk)')
    .option('--max-pixels <number>', 'larger images are refused', '1000000000')
    .option('--retry', 'try files again that failed before')
    .option('--failures <file>', 'write the list of failures as CSV')
    .option('--moved-from <folder>', 'where these images were before the folder was moved or renamed: nothing is decoded or embedded again')
    .option('--trust-times', 'with --moved-from: treat files with the same path, size and time as the same without reading them')
    .addHelpText(
      'after',
      examples([
        'scan ~/Pictures',
        'scan ~/Pictures --labels labels.csv',
        'scan ~/Pictures --failures failures.csv',
        'scan /mnt/new/Pictures --moved-from ~/Pictures',
      ]),
    );

  const train = bind(
    common(
      root
        .command('train [folder]')
        .summary('scan a folder and train on it; Ctrl-C keeps a checkpoint')
        .description(
          'Scan a folder and train on it; Ctrl-C keeps a checkpoint.\n\nSettings whose help says so are chosen from the folder, by the size and the number of its images: train FOLDER --plan prints what would be used. The network chosen that way is smaller than those with a name: --architecture small is a ViT-S of 22 M parameters and takes far longer.',
        ),
    ),
    async () => (await import('./commands/train.ts')).trainCommand,
  )
    .option(
      '--run <name>',
      'name of the new run, or with --resume the run to continue (default: the newest, of the folder if one is given)',
    )
    .option('--resume', 'go on with a run where it stopped')
    .option('--from <run>', 'begin with the weights of another run, or of imported ones')
    .option('--from-step <which>', 'with --from: best, latest, or a step (default: best)')
    .option('--config <file>', 'settings from a JSON file; flags win')
    .option('--labels <from>', 'folders, off, or a CSV file')
    .option('--cache-limit <megabytes>', 'limit of the decode cache')
    .option('--plan', 'scan the folder, print the settings and estimates, and stop before training')
    .addHelpText(
      'after',
      examples([
        'train ~/Pictures',
        'train ~/Pictures --architecture small --epochs 100',
        'train --resume',
        'train --resume --run Pictures-2',
      ]),
    );
  addConfigFlags(train);

  bind(
    threads(
      device(layer(onRun(root.command('embed [folder]').description('scan a folder and compute its vectors (only of what is new)')))),
    ),
    async () => (await import('./commands/embed.ts')).embedCommand,
  ).addHelpText('after', examples(['embed', 'embed ~/Other --run Pictures-1 --layer last4']));

  bind(
    threads(
      device(
        onRun(
          root
            .command('evaluate [folder]')
            .description('20-NN, linear probe or crop retrieval, beside raw pixels and the untrained network'),
        ),
      ),
    ),
    async () => (await import('./commands/evaluate.ts')).evaluateCommand,
  )
    .option(
      '--choosing',
      'use the validation queries that helped pick the best checkpoint, which flatters it slightly, instead of held-out queries',
    )
    .option('--bank <number>', 'most bank images per class', '1000')
    .option(
      '--queries <number>',
      'most query images per class without splits (a tenth of each class at a time, at most half, until there are 1,000 in all) or with --choosing (where one split serves both purposes: at most half and 200); otherwise all held-out queries are used',
      '200',
    )
    .option('--bank-split <split>', 'split whose images form the bank (needs --query-split; default: train)')
    .option(
      '--query-split <split>',
      'split the queries come from: train, val or test (if val and test both exist, default test; val with --choosing)',
    )
    .option('--pixel-side <pixels>', 'side of the raw-pixel baseline', '16')
    .option('--no-probe', 'leave out the linear probe')
    .addHelpText(
      'after',
      examples([
        'evaluate',
        'evaluate ~/Pictures --bank 500 --json',
        'evaluate --choosing',
        'evaluate --bank-split train --query-split val',
      ]),
    );

  addLookCommands(root);

  bind(
    layer(
      onRun(
        root
          .command('export [folder] [target]')
          .usage('[options] [folder] <target>')
          .description('vectors and weights in the formats of other programs, into the folder target'),
      ),
    ),
    async () => (await import('./commands/export.ts')).exportCommand,
  )
    .option('--format <list>', 'of npy, parquet, csv, projector, safetensors, huggingface, onnx', 'npy,parquet')
    .option('--space <space>', 'raw (unchanged), centred or whitened', 'raw')
    .option('--vector-column <name>', 'name of the vector column in Parquet', 'embedding')
    .option('--neighbors <number>', 'nearest neighbours of each image in Parquet, up to 999', '0')
    .option(
      '--map',
      'draw the map first where there is none or images are missing on it (of --space; whitened where that is raw); Parquet and CSV hold the places of one that was drawn before in any case',
    )
    .addHelpText(
      'after',
      examples([
        'export vectors',
        'export ~/Pictures vectors --format parquet --map',
        'export model --format onnx,huggingface,safetensors',
      ]),
    );

  bind(
    common(
      root
        .command('import <path>')
        .description('weights of the authors’ code (.pth.tar) or of Hugging Face (a folder) as a run of their own'),
    ),
    async () => (await import('./commands/import.ts')).importCommand,
  )
    .option('--run <name>', 'name of the new run')
    .option('--heads <number>', 'attention heads, where the file does not say and the size was never published')
    .addHelpText(
      'after',
      examples(['import IN1K-vit.h.14-300e.pth.tar', 'import ./ijepa_vith14_1k --run huge', 'embed ~/Pictures --run huge']),
    );

  bind(
    common(root.command('models [name]').description('list the published weights; with a name, fetch them and make them a run')),
    async () => (await import('./commands/models.ts')).modelsCommand,
  )
    .option('--accept-licence', 'you accept the licence of the weights (CC-BY-NC 4.0: non-commercial use only)')
    .option('--run <name>', 'name of the run (default: that of the model)')
    .addHelpText('after', examples(['models', 'models ijepa_vith14_1k --accept-licence', 'embed ~/Pictures --run ijepa_vith14_1k']));

  bind(
    common(root.command('inspect [path]').description('what is in the home, a scanned folder, a run or a checkpoint')),
    async () => (await import('./commands/inspect.ts')).inspectCommand,
  ).addHelpText('after', examples(['inspect', 'inspect ~/Pictures', 'inspect Pictures-1', 'inspect step-000001000.safetensors']));

  bind(
    common(
      root.command('serve').description('the app in a browser, for a machine without a screen; the address with its token is printed'),
    ),
    async () => (await import('./commands/serve.ts')).serveCommand,
  )
    .option('--port <number>', 'port; 0: any that is free', '0')
    .option('--host <address>', 'address to listen on; 0.0.0.0: the whole network can reach it', '127.0.0.1')
    .option('--cert <file>', 'TLS certificate (PEM)')
    .option('--key <file>', 'key of the certificate (PEM)')
    .option('--root <folder...>', 'folders that pages may use (default: your home folder)')
    .addHelpText(
      'after',
      examples(['serve', 'serve --port 8080 --root /data/pictures', 'serve --host 0.0.0.0 --cert cert.pem --key key.pem']),
    );

  bind(
    common(
      root
        .command('clean')
        .description('delete the decode cache (the next scan rebuilds it), or with --run a run; originals are never touched'),
    ),
    async () => (await import('./commands/clean.ts')).cleanCommand,
  )
    .option('--run <name>', 'delete this run and the vectors made with it instead, after a question')
    .option('--yes', 'with --run: do not ask')
    .addHelpText('after', examples(['clean', 'clean --run Pictures-1']));

  bind(
    common(
      root
        .command('devices <what> <part>')
        .description(
          'devices install tensorflow: fetch the native part of TensorFlow, for NVIDIA cards on Linux and Windows (needs CUDA 11.2 and cuDNN 8.1)',
        ),
    ),
    async () => (await import('./commands/devices.ts')).devicesCommand,
  )
    .option('--library <file>', 'an archive of libtensorflow that you have, instead of fetching it')
    .option('--binding <file>', 'an archive of its binding for Node that you have')
    .addHelpText('after', examples(['devices install tensorflow', 'devices install tensorflow --library lib.tar.gz --binding GPU.tar.gz']));

  bind(
    common(
      root
        .command('doctor')
        .description(
          'check this machine (with --json, for a bug report): devices tested and timed, what a run would use and why, what would make it faster',
        ),
    ),
    async () => (await import('./commands/doctor.ts')).doctorCommand,
  ).addHelpText('after', examples(['doctor', 'doctor --json']));
  return root;
}

/** Runs the command line; sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader();
  endWithParent();
  const root = program();
  const json = argv.includes('--json');
  for (const command of [root, ...root.commands]) {
    // With --json standard error stays empty, and the error is an object like any other.
    if (json) command.configureOutput({ writeErr: () => {} });
    command.exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0);
      if (json) new Output(true).fail(new AppError('bad-config', error.message.replace(/^error: /, ''), 'See: ijepa-studio --help'));
      process.exit(exitCodes['bad-config']);
    });
  }
  if (argv.length === 0) {
    root.outputHelp();
    return;
  }
  await root.parseAsync([...argv], { from: 'user' });
}
