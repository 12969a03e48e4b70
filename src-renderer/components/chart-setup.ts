// The parts of the chart library that line charts need. Loaded when the first chart is shown: the rest of the page does not wait for it.
import { Chart, Filler, LinearScale, LineController, LineElement, LogarithmicScale, PointElement } from 'chart.js';
import type { ChartDataset, Scale } from 'chart.js';
import { meetsEnd } from './chart-axis.ts';
import { endsOf, points } from './chart-line.ts';
import type { ChartLine, ChartReference, Point } from './chart-line.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale, Filler);

export { Chart };

type Dataset = ChartDataset<'line', Point[]>;

export interface ChartLook {
  readonly colour: (token: string) => string;
  readonly font: string;
}

/** Width of the vertical axis: the same in all charts, so that their crosshairs stand below each other. */
const axisWidth = 54;
/** Pixels. */
const dotRadius = 2.5;

/** A token's colour with an alpha of 0–255: `#rrggbb`, or `rgb(…)` or `rgba(…)` where a contrast theme names it. */
const faint = (colour: string, alpha: number): string =>
  colour.startsWith('#')
    ? colour + alpha.toString(16).padStart(2, '0')
    : colour.replace(/^rgba?\((\d+, \d+, \d+).*\)$/, `rgba($1, ${(alpha / 255).toFixed(2)})`);

function datasets(line: ChartLine, look: ChartLook): Dataset[] {
  const colour = look.colour(line.colour);
  const plain = { pointRadius: 0, tension: 0, borderWidth: 1, fill: false } as const;
  const sets: Dataset[] = [];
  if (line.low && line.high) {
    sets.push({ ...plain, data: points(line.x, line.low), borderWidth: 0 });
    sets.push({
      ...plain,
      data: points(line.x, line.high),
      borderWidth: 0.75,
      borderColor: faint(colour, 100),
      fill: '-1',
      backgroundColor: faint(colour, 36),
    });
  }
  if (line.raw) sets.push({ ...plain, data: points(line.x, line.raw), borderColor: faint(colour, 80) });
  sets.push({
    ...plain,
    data: points(line.x, line.y, line.breaks),
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 1.75,
    borderDash: [...(line.dash ?? [])],
    // A dot on the edge is drawn whole.
    ...(line.dots && { clip: dotRadius + 2 }),
    pointRadius: line.dots ? dotRadius : line.x.length === 1 ? 3 : 0,
  });
  return sets;
}

export interface ChartView {
  readonly lines: readonly ChartLine[];
  readonly references: readonly ChartReference[];
  readonly x: readonly [number, number];
  readonly logX: boolean;
  readonly logY: boolean;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
}

type LineChartOf = Chart<'line', Point[]>;

/** What a chart shows now, read by its labels; and what its options were made for. */
interface Shown {
  view: ChartView;
  key: string;
}
const shown = new WeakMap<LineChartOf, Shown>();

const scale = (
  kind: 'linear' | 'logarithmic',
  look: ChartLook,
  format: (value: number) => string,
  most: number,
  align: 'center' | 'inner' = 'center',
): object => ({
  type: kind,
  grid: { color: look.colour('--grid'), drawTicks: false },
  border: { display: false },
  ticks: {
    color: look.colour('--ink-soft'),
    font: { family: look.font, size: 11 },
    padding: 6,
    maxTicksLimit: most,
    maxRotation: 0,
    // `inner`: the first and last text end with the axis, instead of under the texts of the other one.
    align,
    // What reads like the one before it would be a wrong place.
    callback(this: Scale, value: number | string, place: number, ticks: readonly { readonly value: number }[]) {
      if (align === 'inner' && meetsEnd(Number(value), [ticks[0]!.value, ticks.at(-1)!.value], this.width, kind === 'logarithmic'))
        return '';
      const [text, before] = [format(Number(value)), ticks[place - 1]];
      return before !== undefined && format(before.value) === text ? '' : text;
    },
  },
});

const optionsFor = (now: { readonly view: ChartView }, look: ChartLook): object => ({
  animation: false,
  parsing: false,
  normalized: true,
  responsive: true,
  maintainAspectRatio: false,
  events: [],
  layout: { padding: { top: 6, right: 8 } },
  scales: {
    x: {
      ...scale(now.view.logX ? 'logarithmic' : 'linear', look, (value) => now.view.formatX(value), 6, 'inner'),
      min: now.view.x[0],
      max: now.view.x[1],
    },
    y: {
      ...scale(now.view.logY ? 'logarithmic' : 'linear', look, (value) => now.view.formatY(value), 5),
      afterFit: (axis: { width: number }) => (axis.width = axisWidth),
    },
  },
});

/** Makes a chart, or brings one up to date: options are made anew only where the axes or the colours change. */
export function drawChart(chart: LineChartOf | undefined, canvas: HTMLCanvasElement, view: ChartView, look: ChartLook): LineChartOf {
  const { lines, references, x, logX, logY } = view;
  const data = {
    datasets: [
      ...references.flatMap(({ levels, colour, dash }) =>
        levels.map((level): Dataset => ({
          data: (endsOf(level, x) ?? []).map((at) => ({ x: at, y: level.y })),
          borderColor: look.colour(colour),
          borderDash: [...dash],
          borderWidth: 1.5,
          pointRadius: 0,
        })),
      ),
      ...lines.flatMap((line) => datasets(line, look)),
    ],
  };
  const key = [logX, logY, look.colour('--grid'), look.colour('--ink-soft')].join();
  const before = chart && shown.get(chart);
  if (!chart || !before) {
    const now: Shown = { view, key };
    const made = new Chart(canvas, { type: 'line', data, options: optionsFor(now, look) });
    shown.set(made, now);
    return made;
  }
  before.view = view;
  chart.data = data;
  if (before.key === key) {
    Object.assign(chart.options.scales!['x']!, { min: x[0], max: x[1] });
  } else {
    before.key = key;
    chart.options = optionsFor(before, look);
  }
  chart.update('none');
  return chart;
}
