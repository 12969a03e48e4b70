// Which driver, CUDA and cuDNN a version of TensorFlow wants for a card, and what of them a computer lacks.
import type { GraphicsCard } from './devices.ts';
import { withoutKernels } from './tensorflow.ts';

export interface TensorflowRelease {
  /** First and last version, major.minor. */
  readonly versions: readonly [string, string];
  /** With kernels for cards, as `platform-arch` of Node. */
  readonly systems: readonly string[];
  readonly cuda: string;
  readonly cudnn: string;
  /** Whether it also opens CUDA's random numbers before it uses any card (`dlopen_checker.cc`: up to 2.13.1, no more in 2.14.1). */
  readonly opensCurand?: true;
}

const linux = ['linux-x64'] as const;
/** Which CUDA and cuDNN the published libraries were built with (tensorflow.org/install/source). Between the rows nothing was published that fits the binding. */
export const tensorflowReleases: readonly TensorflowRelease[] = [
  // What @tensorflow/tfjs-node-gpu 4.22 fetches. Cards newer than the RTX 40 compile their kernels for minutes on first use.
  { versions: ['2.9', '2.9'], systems: ['linux-x64', 'win32-x64'], cuda: '11.2', cudnn: '8.1', opensCurand: true },
  // The last for cards on Windows itself.
  { versions: ['2.10', '2.10'], systems: ['linux-x64', 'win32-x64'], cuda: '11.2', cudnn: '8.1', opensCurand: true },
  { versions: ['2.12', '2.13'], systems: linux, cuda: '11.8', cudnn: '8.6', opensCurand: true },
  { versions: ['2.14', '2.14'], systems: linux, cuda: '11.8', cudnn: '8.6' },
  { versions: ['2.15', '2.15'], systems: linux, cuda: '12.2', cudnn: '8.9' },
  { versions: ['2.17', '2.17'], systems: linux, cuda: '12.3', cudnn: '8.9' },
  // 2.18 is the last that is published as a C library.
  { versions: ['2.18', '2.21'], systems: linux, cuda: '12.5', cudnn: '9.3' },
];

/** The oldest driver for any CUDA of a major version (docs.nvidia.com/deploy/cuda-compatibility, "minor version compatibility"). */
const leastDrivers: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  linux: { 11: '450.80.02', 12: '525.60.13' },
  win32: { 11: '452.39', 12: '527.41' },
};

const majorOf = (version: string): number => Number.parseInt(version, 10);

function isOlder(version: string, than: string): boolean {
  const [parts, least] = [version, than].map((one) => one.split('.').map(Number)) as [number[], number[]];
  const at = least.findIndex((part, i) => part !== (parts[i] ?? 0));
  return at >= 0 && (parts[at] ?? 0) < least[at]!;
}

/** Why NVIDIA's driver is too old for a release, as a sentence; none where it is not. */
function driverObstacle(version: string, { cuda }: TensorflowRelease, platform: string, driver: string): readonly string[] {
  const least = leastDrivers[platform]?.[majorOf(cuda)];
  return least !== undefined && isOlder(driver, least)
    ? [`TensorFlow ${version} needs NVIDIA's driver ${least} or newer for its CUDA ${cuda}, and the driver is ${driver}: update it.`]
    : [];
}

const minorOf = (version: string): number => Number(/^2\.(\d+)/.exec(version)?.[1] ?? Number.NaN);

/** What is known of a version such as `2.9.1`. */
export const releaseOf = (version: string): TensorflowRelease | undefined =>
  tensorflowReleases.find(({ versions: [first, last] }) => minorOf(version) >= minorOf(first) && minorOf(version) <= minorOf(last));

/** File names of the libraries that a release opens when it is to use a card, by what they belong to. */
export function cardLibraries(
  { cuda, cudnn, opensCurand }: TensorflowRelease,
  platform: string,
): readonly { readonly part: string; readonly file: string }[] {
  const [major, dnn] = [majorOf(cuda), majorOf(cudnn)];
  const toolkit =
    platform === 'win32'
      ? [
          `cudart64_${major === 11 ? '110' : '12'}.dll`,
          `cublas64_${major}.dll`,
          `cublasLt64_${major}.dll`,
          `cufft64_${major === 11 ? 10 : 11}.dll`,
        ]
      : [
          `libcudart.so.${major === 11 ? '11.0' : '12'}`,
          `libcublas.so.${major}`,
          `libcublasLt.so.${major}`,
          `libcufft.so.${major === 11 ? 10 : 11}`,
        ];
  // Of both CUDA 11 and 12, whose random numbers have a number of their own.
  const random = opensCurand ? [platform === 'win32' ? 'curand64_10.dll' : 'libcurand.so.10'] : [];
  const solvers =
    platform === 'win32' ? ['cusolver64_11.dll', `cusparse64_${major}.dll`] : ['libcusolver.so.11', `libcusparse.so.${major}`];
  return [
    { part: 'the driver', file: platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1' },
    ...[...toolkit, ...random, ...solvers].map((file) => ({ part: `CUDA ${cuda}`, file })),
    { part: `cuDNN ${cudnn}`, file: platform === 'win32' ? `cudnn64_${dnn}.dll` : `libcudnn.so.${dnn}` },
  ];
}

/** What a person can do where XLA finds no libdevice, as a sentence that goes on. */
export const howToGetLibdevice =
  "install it (CUDA's toolkit has it, or the package cuda-nvcc), or set CUDA_HOME to the folder in which nvvm/libdevice/libdevice.10.bc lies.";

export interface CardSystem {
  /** `platform-arch` of Node. */
  readonly system: string;
  /** Whether the dynamic linker finds a library of this file name. */
  readonly has: (file: string) => boolean;
  /** Whether libdevice, a part of CUDA's compiler, is where XLA looks for it or can be told to. */
  readonly hasLibdevice: boolean;
  /** NVIDIA's, as far as its driver tells of them. */
  readonly cards: readonly GraphicsCard[];
}

/** Why a version of TensorFlow uses no card on a system whatever is installed there, as a sentence that says what to do; undefined where it may. */
export function versionObstacle(version: string, system: string): string | undefined {
  const release = releaseOf(version);
  if (!release) return `It is not known which CUDA TensorFlow ${version} wants: install one of ${releaseNames()}.`;
  if (release.systems.includes(system)) return undefined;
  return `TensorFlow ${version} uses no graphics card on ${system}, only on ${release.systems.join(' and ')}: choose the device webgpu.`;
}

/** Why a version of TensorFlow can use no card here, in sentences that say what to do; none where nothing is missing. */
export function cardObstacles(version: string, { system, has, hasLibdevice, cards }: CardSystem): readonly string[] {
  const [platform] = system.split('-') as [string];
  if (platform === 'darwin') return ['TensorFlow uses no graphics card on a Mac: choose the device webgpu.'];
  const unusable = versionObstacle(version, system);
  if (unusable !== undefined) return [unusable];
  const release = releaseOf(version)!;
  const noKernels = withoutKernels(cards.flatMap(({ computeCapability = [] }) => computeCapability));
  if (noKernels !== undefined) return [noKernels];
  const driver = cards[0]?.driver;
  const tooOld = driver === undefined ? [] : driverObstacle(version, release, platform, driver);
  const missing = cardLibraries(release, platform).filter(({ file }) => !has(file));
  const parts = [...new Set(missing.map(({ part }) => part))].map((part) => {
    const files = missing.filter((one) => one.part === part).map(({ file }) => file);
    const what = part === 'the driver' ? "NVIDIA's driver" : part;
    return `TensorFlow ${version} needs ${what}, which is not installed or not on the library path: ${files.join(', ')} ${files.length > 1 ? 'are' : 'is'} not found.`;
  });
  const compiler = hasLibdevice ? [] : [`TensorFlow ${version} needs the compiler of CUDA ${release.cuda} too: ${howToGetLibdevice}`];
  return [...tooOld, ...parts, ...compiler];
}

const releaseNames = (): string =>
  tensorflowReleases
    .map(({ versions: [first, last], cuda, cudnn }) => `${first === last ? first : `${first}–${last}`} (CUDA ${cuda}, cuDNN ${cudnn})`)
    .join(', ');
