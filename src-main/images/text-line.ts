// One line of text as a picture.
import { createRequire } from 'node:module';
import sharp from 'sharp';

// The font comes with the program: a server without any font would draw empty boxes.
const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]!);

export interface LineStyle {
  /** As CSS writes it, `#rrggbb`. */
  readonly colour: string;
  /** Height of the letters, pixels. */
  readonly size: number;
  /** Pixels at most. */
  readonly width: number;
}

/** A PNG of a text; where it is wider than it may be its beginning is cut, since names of files differ at their end. */
export async function textLine(
  text: string,
  { colour, size, width }: LineStyle,
): Promise<{ readonly input: Buffer; readonly width: number }> {
  const draw = async (shown: string): Promise<{ input: Buffer; width: number }> => {
    const { data, info } = await sharp({
      text: {
        text: `<span foreground="${colour}">${escaped(shown) || ' '}</span>`,
        font: `DejaVu Sans ${size}px`,
        fontfile: font,
        rgba: true,
        dpi: 72,
      },
    })
      .png()
      .toBuffer({ resolveWithObject: true });
    return { input: data, width: info.width };
  };
  let drawn = await draw(text);
  const letters = Array.from(text);
  let kept = letters.length;
  while (drawn.width > width && kept > 1) {
    kept = Math.min(kept - 1, Math.ceil((kept * width) / drawn.width));
    drawn = await draw(`…${letters.slice(-kept).join('')}`);
  }
  return drawn;
}
