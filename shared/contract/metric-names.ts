// What a step of a run is logged with, apart from the contract's schemas, which the page need not load.

export const metricNames = [
  'loss',
  'smoothL1',
  'squaredError',
  'coupled',
  'gradientNorm',
  'learningRate',
  'weightDecay',
  'momentum',
  'imagesPerSecond',
  'waitedMs',
  'memoryBytes',
] as const;
export type MetricName = (typeof metricNames)[number];
