// A colour for each label: neighbours in the list are far apart, and of hundreds no two are the same. They are never the only sign: what is under the
// pointer says its label, and the list can show one label alone.

export type Rgb = readonly [red: number, green: number, blue: number];

/** Turns of the hue from label to label: the golden angle leaves no two near each other for long. */
const turn = 360 * 0.381966;

/** The `n`-th colour, to be seen on a light or a dark ground: OKLCH (Ottosson 2020), so that all are about as bright. */
export function labelColour(n: number, isDark: boolean): Rgb {
  const lightness = (isDark ? 0.76 : 0.58) + [0, 0.07, -0.07][n % 3]!;
  return fromOklch(lightness, 0.14, (25 + n * turn) % 360);
}

function fromOklch(lightness: number, chroma: number, hue: number): Rgb {
  const angle = (hue / 180) * Math.PI;
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Of a linear value the sRGB byte. */
function encoded(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.max(0, Math.min(1, value)));
}

export const cssOf = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;
