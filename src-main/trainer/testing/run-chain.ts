// Runs a chain of products on WebGPU and says how far it is from float64, and the rate of the device with how long that took. A process of
// its own finds the card in software.
import { compileChain } from '../product-chain.ts';
import { productRate } from '../product-rate.ts';
import { chainDeviation } from './chain-deviation.ts';

const options = { device: 'webgpu', threads: 1 } as const;
const chain = { side: 48, products: 6 };
const call = await compileChain(chain, options);
await call.run();
const deviation = chainDeviation(chain, await call.run());
await call.dispose();
const began = performance.now();
const found = await productRate(options);
process.stdout.write(JSON.stringify({ deviation, ...found, seconds: (performance.now() - began) / 1000 }));
