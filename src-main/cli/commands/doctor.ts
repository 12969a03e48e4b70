import { diagnose } from '../../engine/doctor.ts';
import type { Action } from '../action.ts';
import { megabytes } from '../output.ts';

export const doctorCommand: Action = async (output) => {
  output.progress('Testing …');
  const found = await diagnose();
  output.event({ type: 'doctor', ...found });
  const { selfTest } = found;
  output.progress('', true);
  output.say(
    `ijepa-studio ${found.program} · Node ${found.node} · onnxruntime ${selfTest.runtime} · sharp ${found.sharp} · SQLite ${found.sqlite}`,
  );
  output.say(`${found.system}, ${found.processor}, ${found.cores} cores`);
  output.say(`Memory: ${megabytes(found.memoryFree)} free of ${megabytes(found.memoryTotal)}`);
  output.say(
    `CPU self-test: ${selfTest.passed ? 'passed' : 'FAILED'} (three tiny steps deviate by ${selfTest.deviation.toExponential(1)} from the float64 reference)`,
  );
  output.say(`Speed: ${Math.round(selfTest.matmulRate)} GFLOP/s in a bare 1024³ matrix product`);
  return selfTest.passed ? 0 : 8;
};
