import { deviceNames } from '../../../shared/devices.ts';
import { stepText } from '../../engine/devices/expected-device.ts';
import { diagnose } from '../../engine/doctor.ts';
import type { Diagnosis } from '../../engine/doctor.ts';
import type { Action } from '../action.ts';
import { interruptible } from '../interrupt.ts';
import { textOption } from '../options.ts';
import { count, megabytes } from '../output.ts';

const stateWords = { ready: 'ready', untested: 'not tested', failed: 'FAILED', absent: 'not there' } as const;

const rateText = (rate: number): string => `${rate < 10 ? rate.toPrecision(2) : Math.round(rate)} GFLOP/s`;

function deviceLines({ devices, chosen }: Diagnosis): string[] {
  return devices.flatMap(({ id, state, reason, matmulRate, stepSeconds, stepFailure, runtime, reduced }) => {
    const speed = [
      matmulRate === undefined ? '' : `${rateText(matmulRate)} in a bare 1024³ product`,
      stepSeconds === undefined || stepFailure !== undefined ? '' : `a training step ${stepText(stepSeconds ?? Infinity)}`,
      runtime ?? '',
    ].filter(Boolean);
    return [
      `  ${deviceNames[id]}: ${stateWords[state]}${id === chosen ? ', used for runs' : ''}. ${reason}`,
      ...(speed.length > 0 ? [`    ${speed.join(', ')}`] : []),
      ...(stepFailure === undefined ? [] : [`    A training step failed: ${stepFailure}`]),
      ...(reduced ? [`    ${reduced.reason}${reduced.matmulRate === undefined ? '' : ` ${rateText(reduced.matmulRate)}.`}`] : []),
    ];
  });
}

export const doctorCommand: Action = async (output, options) => {
  const { signal, done } = interruptible(() => output.say('Stopping.'));
  try {
    const found = await diagnose(textOption(options, 'home'), { signal, onStage: (stage) => output.progress(stage) });
    output.event({ type: 'doctor', ...found });
    output.progress('', true);
    output.say(`ijepa-studio ${found.program} · Node ${found.node} · sharp ${found.sharp} · SQLite ${found.sqlite}`);
    output.say(`${found.system}, ${found.processor}, ${found.cores} cores`);
    output.say(`Memory: ${megabytes(found.memoryFree)} free of ${megabytes(found.memoryTotal)}`);
    for (const { name, driver, memory, memoryFree } of found.cards)
      output.say(
        `Graphics card: ${name}${driver === undefined ? '' : `, driver ${driver}`}${memory === undefined ? '' : `, ${megabytes(memory)}`}${memoryFree === undefined ? '' : ` (${megabytes(memoryFree)} free)`}`,
      );
    output.say(`Devices (a training step is one of the usual recipe, ${count(found.step.crops)} crops of ${found.step.imageSize} px):`);
    for (const line of deviceLines(found)) output.say(line);
    if (found.beside.length > 0)
      output.say(`${found.beside.join(', ')} is being trained meanwhile: what is timed beside it is slower, and is not remembered.`);
    output.say(`A run trains on: ${found.chosenReason}`);
    output.say(`Vectors are made on: ${found.vectorsReason}`);
    for (const sentence of found.advice) output.say(`To be faster: ${sentence}`);
    return found.devices.some(({ id, state }) => id === 'cpu' && state === 'ready') ? 0 : 8;
  } finally {
    done();
  }
};
