/** Statistics of an area and profiles along a line, from the pixels themselves. */

import { type Wanted, read } from "./chunks";
import { type Range, colourOf } from "./colours";
import { chunkAt, pixelAt, pixelMetres, within } from "./levels";
import { METRES_A_DEGREE, type Place, areaKm2, between, distance } from "./moon";
import { valueOf } from "./picture";
import type { Raster } from "./root";
import { type Shape, type Span, corners, latitudes, spansAt } from "./shape";

/** Pixels at most that are read of an area: 20 million codes are 40 MB. */
const MOST_PIXELS = 12_000_000;
/** Bars of a histogram; each is as many colours of the palette. */
export const BARS = 32;
const MOST_SAMPLES = 1200;

export interface Statistics {
  readonly level: number;
  /** Pixels with a value, and without one. */
  readonly pixels: number;
  readonly missing: number;
  /** Area of the pixels with a value. */
  readonly km2: number;
  /** Weighted by area; nothing where no pixel has a value. */
  readonly mean: number | undefined;
  readonly deviation: number | undefined;
  readonly least: number | undefined;
  readonly most: number | undefined;
  /** Area of each bar, km2; what lies beyond the range is in the first and the last. */
  readonly bars: readonly number[];
}

/** Pixels of one row in one chunk. */
interface Piece {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Sums over the pixels of a row; of codes, which are whole numbers, so that no order of adding matters. */
interface Sums {
  pixels: number;
  missing: number;
  codes: number;
  squares: number;
}

/** Statistics of the pixels of a global map whose centres lie in an area, weighted by their areas. */
export async function statisticsOf(raster: Raster, area: Shape, range: Range): Promise<Statistics> {
  const number = levelFor(raster, area);
  const level = raster.levels[number]!;
  const { coding } = raster;
  const [step, bars] = [1 / level.perUnit, new Float64Array(BARS)];
  const rows = new Map<number, Sums>();
  const rowKm2 = (row: number) => areaKm2(90 - (row + 1) * step, 90 - row * step, step);
  let [least, most] = [Infinity, -Infinity];
  await Promise.all(
    [...piecesOf(raster, number, area)].map(async ([, { wanted, pieces }]) => {
      const codes = await read(wanted);
      for (const { row, from, to } of pieces) {
        const sums = rows.get(row) ?? { pixels: 0, missing: 0, codes: 0, squares: 0 };
        rows.set(row, sums);
        const km2 = rowKm2(row);
        for (let at = from; at < to; at++) {
          const code = codes[at]!;
          if (code === coding.fill) {
            sums.missing++;
            continue;
          }
          sums.pixels++;
          sums.codes += code;
          sums.squares += code * code;
          if (code < least) least = code;
          if (code > most) most = code;
          bars[colourOf(code * coding.scale + coding.offset, range) >> 3]! += km2;
        }
      }
    }),
  );
  return { level: number, bars: [...bars], ...summed(rows, rowKm2, raster, least, most) };
}

function summed(
  rows: ReadonlyMap<number, Sums>,
  rowKm2: (row: number) => number,
  { coding }: Raster,
  least: number,
  most: number,
): Omit<Statistics, "level" | "bars"> {
  let [pixels, missing, km2, total] = [0, 0, 0, 0];
  // In the order of the rows, so that the same area always gives the same digits.
  const sorted = [...rows].sort(([a], [b]) => a - b);
  for (const [row, sums] of sorted) {
    pixels += sums.pixels;
    missing += sums.missing;
    km2 += rowKm2(row) * sums.pixels;
    total += rowKm2(row) * sums.codes;
  }
  const value = (code: number) => (pixels ? code * coding.scale + coding.offset : undefined);
  const mean = total / km2;
  let spread = 0;
  for (const [row, { pixels: count, codes, squares }] of sorted) {
    spread += rowKm2(row) * (squares - 2 * mean * codes + count * mean * mean);
  }
  const deviation = pixels ? Math.sqrt(Math.max(0, spread / km2)) * coding.scale : undefined;
  return { pixels, missing, km2, mean: value(mean), deviation, least: value(least), most: value(most) };
}

/** The finest level of which an area has not too many pixels. */
function levelFor(raster: Raster, area: Shape): number {
  const [south, north] = latitudes(area);
  const rows = Array.from({ length: 64 }, (_, part) => south + ((part + 0.5) / 64) * (north - south));
  const wide = rows.map((lat) => spansAt(area, lat).reduce((sum, [west, east]) => sum + east - west, 0));
  const degrees2 = (wide.reduce((sum, each) => sum + each, 0) / rows.length) * (north - south);
  const fitting = raster.levels.findIndex(({ perUnit }) => degrees2 * perUnit * perUnit <= MOST_PIXELS);
  return fitting < 0 ? raster.levels.length - 1 : fitting;
}

/** The pixels of an area by chunk. */
function piecesOf(
  raster: Raster,
  number: number,
  area: Shape,
): Map<number, { wanted: Wanted; pieces: Piece[] }> {
  const { rows, cols, chunk, perUnit } = raster.levels[number]!;
  const [south, north] = latitudes(area);
  const found = new Map<number, { wanted: Wanted; pieces: Piece[] }>();
  const first = Math.max(0, Math.floor((90 - north) * perUnit));
  const last = Math.min(rows - 1, Math.ceil((90 - south) * perUnit));
  for (let row = first; row <= last; row++) {
    for (const span of spansAt(area, 90 - (row + 0.5) / perUnit)) {
      for (const [from, to] of columns(span, perUnit, cols)) {
        for (let col = from; col < to; col = (Math.floor(col / chunk) + 1) * chunk) {
          const wanted = chunkAt(raster, { level: number, row, col });
          const key = wanted.at[0]! * cols + wanted.at[1]!;
          const pieces = found.get(key)?.pieces ?? [];
          if (!found.has(key)) found.set(key, { wanted, pieces });
          const at = within(raster.levels[number]!, { level: number, row, col });
          const stop = Math.min(to, (Math.floor(col / chunk) + 1) * chunk);
          pieces.push({ row, from: at, to: at + stop - col });
        }
      }
    }
  }
  return found;
}

/** Columns whose centres lie in a span; two runs where it crosses the seam. */
function columns([west, east]: Span, perUnit: number, cols: number): [number, number][] {
  const first = Math.ceil((west + 180) * perUnit - 0.5);
  const count = Math.min(cols, Math.ceil((east + 180) * perUnit - 0.5) - first);
  if (count <= 0) return [];
  const from = ((first % cols) + cols) % cols;
  return from + count <= cols
    ? [[from, from + count]]
    : [
        [from, cols],
        [0, from + count - cols],
      ];
}

export interface Sample {
  readonly km: number;
  readonly place: Place;
  readonly value: number | undefined;
}

/** Values along a line, about a pixel apart, of the finest level of which they are not too many. */
export async function profileOf(raster: Raster, line: Shape): Promise<{ level: number; samples: Sample[] }> {
  const places = corners(line);
  const legs = places
    .slice(1)
    .map((to, at) => ({ from: places[at]!, to, degrees: distance(places[at]!, to) }));
  const whole = legs.reduce((sum, { degrees }) => sum + degrees, 0) * METRES_A_DEGREE;
  const enough = raster.levels.findIndex((_, level) => whole / pixelMetres(raster, level) <= MOST_SAMPLES);
  const level = enough < 0 ? raster.levels.length - 1 : enough;
  const step = Math.max(pixelMetres(raster, level), whole / MOST_SAMPLES) / METRES_A_DEGREE;
  const samples: Promise<Sample>[] = [];
  let before = 0;
  for (const { from, to, degrees } of legs) {
    const count = Math.max(1, Math.round(degrees / step));
    for (let part = 0; part <= count; part++) {
      samples.push(sample(raster, level, between(from, to, part / count), before + (part / count) * degrees));
    }
    before += degrees;
  }
  return { level, samples: await Promise.all(samples) };
}

async function sample(raster: Raster, level: number, place: Place, degrees: number): Promise<Sample> {
  const pixel = pixelAt(raster, level, place);
  const codes = pixel && (await read(chunkAt(raster, pixel)));
  const value = codes && valueOf(raster, codes[within(raster.levels[level]!, pixel)]!);
  return { km: (degrees * METRES_A_DEGREE) / 1000, place, value };
}
