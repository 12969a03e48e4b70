import { deviceNames } from '../../../shared/devices.ts';
import { stepText } from '../../engine/devices/expected-device.ts';
import { diagnose } from '../../engine/doctor.ts';
import type { Diagnosis } from '../../engine/doctor.ts';
import type { Action } from '../action.ts';
import { inFlags } from '../config-flags.ts';
import { interruptible } from '../interrupt.ts';
import { textOption } from '../options.ts';
import { count, megabytes } from '../output.ts';

const stateWords = { ready: 'ready', untested: 'not tested', failed: 'FAILED', absent: 'not there' } as const;

const rateText = (rate: number): string => `${rate < 10 ? rate.toPrecision(2) : Math.round(rate)} GFLOP/s`;

function deviceLines({ devices, chosen }: Diagnosis): string[] {
  const lines = devices.flatMap(({ id, state, reason, matmulRate, stepSeconds, stepShare, stepFailure, runtime, reduced }) => {
    const speed = [
      matmulRate === undefined ? '' : `${rateText(matmulRate)} in bare matrix products`,
      stepSeconds === undefined || stepFailure !== undefined
        ? ''
        : `a training step ${stepText(stepSeconds ?? Infinity)}${stepShare === undefined ? '' : ` (its products at ${Math.round(100 * stepShare)} % of that)`}`,
      runtime ?? '',
    ].filter(Boolean);
    return [
      `  ${deviceNames[id]}: ${stateWords[state]}${id === chosen ? ', used for runs' : ''}. ${reason}`,
      ...(speed.length > 0 ? [`    ${speed.join(', ')}`] : []),
      ...(stepFailure === undefined ? [] : [`    A training step failed: ${stepFailure}`]),
      ...(reduced ? [`    ${reduced.reason}${reduced.matmulRate === undefined ? '' : ` ${rateText(reduced.matmulRate)}.`}`] : []),
    ];
  });
  return lines.map(inFlags);
}

/** All that was found, as a person of the terminal reads it. */
export function diagnosisLines(found: Diagnosis): string[] {
  const { cards, step, beside, cardTaken } = found;
  return [
    `ijepa-studio ${found.program} · Node ${found.node} · sharp ${found.sharp} · SQLite ${found.sqlite}`,
    `${found.system}, ${found.processor}, ${found.cores} cores`,
    `Memory: ${megabytes(found.memoryFree)} free of ${megabytes(found.memoryTotal)}`,
    ...cards.map(
      ({ name, driver, driverless, memory, memoryFree }) =>
        `Graphics card: ${name}${driverless === true ? ', without a driver' : ''}${driver === undefined ? '' : `, driver ${driver}`}${memory === undefined ? '' : `, ${megabytes(memory)}`}${memoryFree === undefined ? '' : ` (${megabytes(memoryFree)} free)`}`,
    ),
    `Devices (a training step is one of the usual recipe, ${count(step.crops)} crops of ${step.imageSize} px):`,
    ...deviceLines(found),
    ...(beside.length > 0
      ? [`${beside.join(', ')} is being trained meanwhile: what is timed beside it is slower, and is not remembered.`]
      : []),
    ...(cardTaken
      ? [
          'A run trains on the graphics card, or other work of this program is on it: no card was tested beside it, which would take memory from it. Ask again once it has ended.',
        ]
      : []),
    inFlags(`A run trains on: ${found.chosenReason}`),
    ...(found.passes === undefined ? [] : [inFlags(`Micro-batch of the usual recipe: ${found.passes}`)]),
    inFlags(`Vectors are made on: ${found.vectorsReason}`),
    ...found.advice.map((sentence) => inFlags(`To be faster: ${sentence}`)),
  ];
}

export const doctorCommand: Action = async (output, options) => {
  const { signal, done } = interruptible(() => output.say('Stopping.'));
  try {
    const found = await diagnose(textOption(options, 'home'), { signal, onStage: (stage) => output.progress(stage) });
    output.event({ type: 'doctor', ...found });
    output.progress('', true);
    for (const line of diagnosisLines(found)) output.say(line);
    return found.devices.some(({ id, state }) => id === 'cpu' && state === 'ready') ? 0 : 8;
  } finally {
    done();
  }
};
