// The machine, the disk, and folders to choose from.
import * as v from 'valibot';
import type { UsualTimes } from '../config/usual-runs.ts';
import type { DeviceReport, GraphicsCard } from '../devices.ts';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { nothing, path } from './contract-values.ts';
import { fileKinds } from './file-kinds.ts';

export interface SystemInfo {
  readonly program: string;
  readonly home: string;
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly memoryFree: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly cards: readonly GraphicsCard[];
  /** What runs can train on, as far as it is known without testing. */
  readonly devices: readonly DeviceReport[];
  /** What `system.installTensorflow` would fetch; undefined where it could use no card of this computer or none is published for the system. */
  readonly tensorflow: TensorflowOffer | undefined;
  /** What a driver that is missing keeps from being used, as sentences; undefined where none is known to be. */
  readonly missingDriver: string | undefined;
}

export interface TensorflowOffer {
  readonly version: string;
  /** What the person should know before it is fetched. */
  readonly licence: string;
  /** Where both of its archives are published. */
  readonly library: string;
  readonly binding: string;
  readonly installed: boolean;
  /** Bytes of disk that have to be free: what is fetched and what is unpacked lie side by side for a while. */
  readonly space: number;
  /** Without what it would use no card here, as sentences that say what to do: driver, CUDA, cuDNN. */
  readonly lacks: readonly string[];
}

export interface Storage {
  readonly home: string;
  /** Bytes. */
  readonly cache: number;
  readonly embeddings: number;
  readonly runs: number;
  readonly free: number;
}

export interface FolderListing {
  readonly path: string;
  /** None at a root. */
  readonly parent: string | undefined;
  readonly folders: readonly { readonly name: string; readonly path: string }[];
  /** Files of the kind that was asked for. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** Files with the name of an image directly in it; counted up to 10,000. */
  readonly images: number;
}

export const systemChannels = {
  'system.info': channel<SystemInfo>()(nothing),
  /** How long usual runs take here; where nothing was timed yet, a few steps are timed for it, unless something else is to be done. */
  'system.usualTimes': channel<UsualTimes | undefined>()(nothing),
  /** Tests all devices, which may take minutes. */
  'system.testDevices': channel<readonly DeviceReport[]>()(nothing),
  /**
   * Installs TensorFlow's native part, after the person has agreed to its licence: from archives of theirs, and what is not given is fetched.
   * Throws `unsupported`, `not-allowed` for a file outside the roots, and for what is no archive of it `not-found`, `bad-input`, `bad-file`.
   */
  'system.installTensorflow': channel<JobStarted>()(
    v.strictObject({ accepted: v.literal(true), library: v.optional(path), binding: v.optional(path) }),
  ),
  'system.storage': channel<Storage>()(nothing),
  /** Deletes decoded pictures and optimised graphs, which are made again when needed. Throws `locked` while it is in use. */
  'system.clearCache': channel<{ readonly freed: number }>()(nothing),
  /** Subfolders of a folder within the roots, and its files of a kind; without a path the roots themselves. Throws `not-allowed`, `not-found`. */
  'system.folders': channel<FolderListing>()(v.strictObject({ path: v.optional(path), files: v.optional(v.picklist(fileKinds)) })),
} as const;
