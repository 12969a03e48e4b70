import { clearingLabels } from '../../shared/decoded-images.ts';
import type { ReducedReport } from '../../shared/devices.ts';
import { formatBytes, formatRate, plural } from './format.ts';

export const preferences = {
  title: clearingLabels.view,
  devices: {
    title: 'Devices',
    text: 'What runs can train on. A device is used only after three tiny steps on it match the reference; of several, the fastest for a run.',
    states: { ready: 'ready', untested: 'not tested', failed: 'not usable', absent: 'not there' },
    reduced: ({ reason, matmulRate }: ReducedReport) => `${reason}${matmulRate === undefined ? '' : ` ${formatRate(matmulRate)} GFLOP/s.`}`,
    speed: (rate: number, runtime: string) => `${formatRate(rate)} GFLOP/s in large matrix products, ${runtime}`,
    card: (name: string, driver?: string, memory?: number) =>
      [name, driver === undefined ? '' : `driver ${driver}`, memory === undefined ? '' : `${formatBytes(memory)} of memory`]
        .filter(Boolean)
        .join(', '),
    tensorflow: (version: string) => `TensorFlow ${version} (NVIDIA cards)`,
    tensorflowText:
      'Another way to train on an NVIDIA card, in bfloat16 too. It is no part of the program and is fetched when you want it.',
    tensorflowInstalled: 'It is installed. To install it again replaces it once the new one has been loaded.',
    fetch: 'Fetch TensorFlow…',
    fetchTitle: 'Fetch TensorFlow?',
    fetchConfirm: 'Fetch TensorFlow',
    tensorflowLacks: (lacks: readonly string[]) => `As this computer is, it would compute on the processor. ${lacks.join(' ')}`,
    fetchText: (licence: string, addresses: readonly string[], space: number) =>
      `A few hundred megabytes are downloaded from ${[...new Set(addresses.map((address) => new URL(address).host))].join(' and ')}, verified where a checksum is published, and kept in the program’s folder; ${formatBytes(space)} must be free meanwhile. A download that was stopped goes on where it was. ${licence}`,
    started: 'TensorFlow is being installed; it goes on if you leave this page.',
    files: {
      open: 'Choose files…',
      title: 'Install TensorFlow from files',
      text: (space: number) =>
        `For a computer that cannot download it: two archives, fetched elsewhere and left as they are. They are checked before anything in them is used. The one that you do not choose is downloaded. ${formatBytes(space)} must be free meanwhile.`,
      parts: { library: 'Library (TensorFlow itself)', binding: 'Binding (connects it to this program)' },
      from: (address: string) => `Published at ${address}`,
      choose: 'Choose…',
      chooseFor: (part: string) => `Choose the file: ${part}`,
      pickerTitle: 'Choose an archive of TensorFlow',
      pickerText: (address: string) => `Published as ${address.split('/').at(-1)}.`,
      pickerConfirm: 'Use this file',
      confirm: 'Install',
    },
    test: 'Test this computer',
    testing: 'Testing…',
    tested: 'Tested.',
    cpuFailed:
      'The processor does not compute what it should. Results of this computer cannot be trusted; please report it with the versions below.',
    processor: (name: string, cores: number) => `${name}, ${plural(cores, 'core')}`,
    memory: (free: number, total: number) => `${formatBytes(free)} of ${formatBytes(total)} memory free`,
  },
  storage: {
    title: clearingLabels.section,
    text: 'Everything that the program makes lies in one folder. Your images are never changed.',
    home: 'Folder of the program',
    rows: { runs: 'Runs and their checkpoints', embeddings: 'Vectors of images', cache: 'Decoded images, to read them faster' },
    free: (free: number) => `${formatBytes(free)} free on this disk`,
    clear: clearingLabels.button,
    clearTitle: 'Clear the decoded images?',
    clearText: (bytes: number) =>
      `This frees ${formatBytes(bytes)}. They are made again when a run or a search needs them, which takes about as long as reading the folder did. Runs, vectors, labels and tags stay.`,
    cleared: (bytes: number) => `${formatBytes(bytes)} freed.`,
    runsHint: 'Delete runs one by one under Train.',
  },
  folders: {
    title: 'Folders',
    text: 'Folders in the library.',
    none: 'No folder yet.',
    remove: 'Remove…',
    missing: 'not there now',
  },
  look: {
    title: 'Appearance',
    theme: 'Colours',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    notify: 'Tell me when long work ends',
    notifyHint: 'Your browser shows a notice while this page is in the background.',
    notifyDenied: 'Your browser does not allow notices for this page. Allow them in the settings of the page, left of its address.',
    notifyNone: 'This browser cannot show notices.',
  },
  about: {
    title: 'About',
    version: (program: string) => `I-JEPA Studio ${program}`,
    licence: 'Free software under the Apache License 2.0.',
    privacy: 'No account, no telemetry: the program sends nothing about you or your images anywhere.',
    paper: 'I-JEPA: “Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture”, Assran et al., 2023.',
    versions: 'Versions',
    shortcuts: 'Press ? for the keyboard shortcuts.',
  },
  failed: 'This could not be found out.',
} as const;
