// Which build an end of a connection is of. Each end computes it from what it was built of: nobody has to remember to raise it.
import { configTable } from '../config/config-table.ts';
import { programVersion } from '../version.ts';
import { contract } from './contract.ts';
import { fingerprint } from './fingerprint.ts';

/**
 * A page and an engine that differ in it are told so, instead of misunderstanding each other. It changes with the program's version, the
 * channels' names and what their schemas let in, and the settings of a run; types of answers leave no trace in a build.
 */
export const protocolVersion = `${programVersion}-${fingerprint({ contract, configTable })}`;

/** Name of the built page's `meta` that has the version. */
export const protocolMark = 'studio-protocol';
