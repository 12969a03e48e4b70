import { describe, expect, it } from 'vitest';
import type { GraphicsCard } from './devices.ts';
import { cardLibraries, cardObstacles, releaseOf, tensorflowReleases } from './tensorflow-requirements.ts';

describe('what a version of TensorFlow wants for a card', () => {
  const linux = { system: 'linux-x64', has: () => true, hasLibdevice: true, cards: [] };

  it('is found by its minor version, and unknown between the rows', () => {
    expect(['2.9.1', '2.10.0', '2.13.1', '2.15.0', '2.17.0', '2.18.0', '2.21.0'].map((version) => releaseOf(version)?.cuda)).toEqual([
      '11.2',
      '11.2',
      '11.8',
      '12.2',
      '12.3',
      '12.5',
      '12.5',
    ]);
    for (const version of ['2.8.0', '2.11.0', '2.16.1', '2.22.0', '1.15', '']) expect(releaseOf(version)).toBeUndefined();
    expect(cardObstacles('2.16.1', linux)).toEqual([expect.stringContaining('2.9 (CUDA 11.2, cuDNN 8.1)')]);
  });

  it('is nothing more where all is there', () => {
    for (const { versions, systems } of tensorflowReleases)
      for (const system of systems) expect(cardObstacles(`${versions[1]}.0`, { ...linux, system })).toEqual([]);
  });

  it('is named part by part where it is missing', () => {
    const nothing = cardObstacles('2.9.1', { ...linux, has: () => false });
    expect(nothing.map((sentence) => /needs (.*?), which/.exec(sentence)?.[1])).toEqual(["NVIDIA's driver", 'CUDA 11.2', 'cuDNN 8.1']);
    expect(nothing[1]).toContain('libcudart.so.11.0');
    const noDnn = cardObstacles('2.18.0', { ...linux, has: (file) => !file.includes('cudnn') });
    expect(noDnn).toEqual([expect.stringMatching(/^TensorFlow 2\.18\.0 needs cuDNN 9\.3.*libcudnn\.so\.9 is not found\.$/)]);
    // Another CUDA beside it is of no use.
    expect(cardObstacles('2.15.0', { ...linux, has: (file) => !file.endsWith('12') })[0]).toContain('libcudart.so.12');
  });

  it("is CUDA's random numbers for those that open them, without which they refuse all cards", () => {
    const without = (version: string, system = 'linux-x64'): readonly string[] =>
      cardObstacles(version, { ...linux, system, has: (file) => !file.includes('curand') });
    for (const version of ['2.9.1', '2.10.0', '2.12.0', '2.13.1'])
      expect(without(version)).toEqual([expect.stringMatching(/needs CUDA 11\.[28], which is not .*: libcurand\.so\.10 is not found\.$/)]);
    expect(without('2.9.1', 'win32-x64')).toEqual([expect.stringContaining(': curand64_10.dll is not found.')]);
    for (const version of ['2.14.1', '2.15.0', '2.18.0']) expect(without(version)).toEqual([]);
  });

  it("is CUDA's compiler, of which XLA wants libdevice", () => {
    expect(cardObstacles('2.9.1', { ...linux, hasLibdevice: false })).toEqual([
      expect.stringMatching(/^TensorFlow 2\.9\.1 needs the compiler of CUDA 11\.2 too: .*CUDA_HOME.*libdevice\.10\.bc lies\.$/),
    ]);
  });

  it('differs by system: on Windows other files, on later versions and on a Mac no card at all', () => {
    expect(cardLibraries(releaseOf('2.10.0')!, 'win32').every(({ file }) => file.endsWith('.dll'))).toBe(true);
    expect(cardObstacles('2.18.0', { ...linux, system: 'win32-x64' })).toEqual([expect.stringContaining('only on linux-x64')]);
    expect(cardObstacles('2.9.1', { ...linux, system: 'darwin-arm64' })).toEqual([expect.stringContaining('webgpu')]);
  });

  it('is not to be had for a card that is newer than all of them, unless there is another', () => {
    const card = (computeCapability?: number): GraphicsCard => ({
      name: 'NVIDIA',
      driver: '580.1',
      ...(computeCapability !== undefined && { computeCapability }),
    });
    const none = 'No published TensorFlow has kernels for this card (compute capability 12.0): choose the device webgpu.';
    expect(cardObstacles('2.21.0', { ...linux, cards: [card(12)] })).toEqual([none]);
    for (const cards of [[card(9)], [card(12), card(8.6)], [card()]]) expect(cardObstacles('2.21.0', { ...linux, cards })).toEqual([]);
  });

  it('is a driver that is new enough for its CUDA', () => {
    const tooOld = (version: string, system: string, driver: string): boolean =>
      cardObstacles(version, { ...linux, system, cards: [{ name: 'NVIDIA', driver }] }).some((sentence) => sentence.includes('or newer'));
    expect(cardObstacles('2.18.0', { ...linux, cards: [{ name: 'NVIDIA', driver: '470.199.02' }] })).toEqual([
      "TensorFlow 2.18.0 needs NVIDIA's driver 525.60.13 or newer for its CUDA 12.5, and the driver is 470.199.02: update it.",
    ]);
    for (const [version, system, least, before] of [
      ['2.9.1', 'linux-x64', '450.80.02', '450.66'],
      ['2.13.0', 'linux-x64', '450.80.02', '418.226.00'],
      ['2.15.0', 'linux-x64', '525.60.13', '525.60.11'],
      ['2.10.0', 'win32-x64', '452.39', '452.06'],
    ] as const)
      expect([tooOld(version, system, least), tooOld(version, system, '1000'), tooOld(version, system, before)]).toEqual([
        false,
        false,
        true,
      ]);
  });
});
