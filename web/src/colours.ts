/** From codes to colours: matplotlib's palettes, with its rounding, so that a colour here is the one of a figure. */

import type { Coding } from "./root";
import { PALETTES } from "./tables";

/** The least code of each colour but the first, ascending, and the colours as RGBA. */
export interface Shades {
  readonly thresholds: Int32Array;
  readonly rgba: Uint8Array;
}

export type Range = readonly [least: number, most: number];

const COLOURS = 256;

/** The colours of a palette as RGBA bytes. */
export function rgbaOf(palette: string): Uint8Array {
  const hex = PALETTES[palette] ?? PALETTES["viridis"]!;
  return Uint8Array.from({ length: 4 * COLOURS }, (_, at) => {
    const from = 6 * Math.floor(at / 4) + 2 * (at % 4);
    return at % 4 === 3 ? 255 : parseInt(hex.slice(from, from + 2), 16);
  });
}

/** Which colour a value takes: equal parts of the range; what lies beyond takes the end's. */
export function colourOf(value: number, [least, most]: Range): number {
  const part = Math.floor(((value - least) / (most - least)) * COLOURS);
  return Math.max(0, Math.min(COLOURS - 1, part));
}

/** Shades of codes by their values. */
export function shadesOf(
  { scale, offset }: Pick<Coding, "scale" | "offset">,
  range: Range,
  palette: string,
): Shades {
  const [least, most] = range;
  const thresholds = Int32Array.from({ length: COLOURS - 1 }, (_, place) => {
    const bound = least + ((most - least) * (place + 1)) / COLOURS;
    let code = Math.round((bound - offset) / scale);
    // Rounding may have missed it by a code: by the values themselves, as matplotlib would compare them.
    while (colourOf(code * scale + offset, range) > place) code--;
    while (colourOf(code * scale + offset, range) <= place) code++;
    return code;
  });
  return { thresholds, rgba: rgbaOf(palette) };
}

/** Shades of a few codes that are classes, with a colour each; the first may be clear. */
export function classShades(colours: readonly (readonly [number, number, number, number])[]): Shades {
  const rgba = new Uint8Array(4 * COLOURS);
  colours.forEach((colour, code) => rgba.set(colour, 4 * code));
  const last = colours.at(-1) ?? [0, 0, 0, 0];
  for (let code = colours.length; code < COLOURS; code++) rgba.set(last, 4 * code);
  return { thresholds: Int32Array.from({ length: COLOURS - 1 }, (_, place) => place + 1), rgba };
}

/** A CSS colour of a shade. */
export function css(rgba: Uint8Array, index: number): string {
  return `rgb(${rgba[4 * index]} ${rgba[4 * index + 1]} ${rgba[4 * index + 2]})`;
}
