/** Which resolution and which chunks of a raster a sight needs, and the pixel of a raster at a place. */

import { type Wanted, chunkOf, hasFailed } from "./chunks";
import {
  METRES_A_DEGREE,
  type Kind,
  type Place,
  type Point,
  type Sight,
  isPole,
  toPlace,
  toPlane,
} from "./moon";
import type { Grid, Level, Raster, StoredMap } from "./root";

// Screen pixels between the points at which it is asked what is seen; no chunk that matters is narrower.
const STEP = 8;
// Pixels as large as the screen's but for rounding are no smaller.
const ROUNDING = 1.007;
/** More chunks than this do not fit on the graphics card; coarser ones are taken. */
export const MOST_CHUNKS = 96;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A pixel of a raster: its level's place, its row and its column. */
export interface Pixel {
  readonly level: number;
  readonly row: number;
  readonly col: number;
}

/** The raster of a map that a kind of view shows. */
export function rasterFor(map: StoredMap, kind: Kind): Raster | undefined {
  const own = isPole(kind) ? map.on[kind] : undefined;
  return own ?? map.on.latlon ?? map.on.north ?? map.on.south;
}

/** A place in a raster's own units: degrees, or metres from the pole. */
export function onGrid(grid: Grid, place: Place): Point | undefined {
  return grid === "latlon" ? [place.lon, place.lat] : toPlane({ kind: grid, x: 0, y: 0 }, place);
}

/** Metres of a pixel of a level. */
export function pixelMetres(raster: Raster, level: number): number {
  const { perUnit } = raster.levels[level]!;
  return raster.grid === "latlon" ? METRES_A_DEGREE / perUnit : 1 / perUnit;
}

/** How many pixels of the finest level one of a level is the mean of; around a pole, as many areas. */
export function pixelsIn(raster: Raster, level: number): number {
  return Math.round(raster.levels[0]!.perUnit / raster.levels[level]!.perUnit) ** 2;
}

/** The pixel of a level at a place; nothing beside the raster. */
export function pixelAt(raster: Raster, number: number, place: Place): Pixel | undefined {
  const at = onGrid(raster.grid, place);
  if (!at) return undefined;
  const { rows, cols, perUnit } = raster.levels[number]!;
  let row = Math.floor(rows / 2 - at[1] * perUnit);
  let col = Math.floor(cols / 2 + at[0] * perUnit);
  if (raster.grid === "latlon") {
    // The south pole, an edge of no row below, belongs to the last one.
    row = Math.min(row, rows - 1);
    col = ((col % cols) + cols) % cols;
  }
  return row >= 0 && row < rows && col >= 0 && col < cols ? { level: number, row, col } : undefined;
}

/** The place of a pixel's centre. */
export function centreOf(raster: Raster, { level, row, col }: Pixel): Place {
  const { rows, cols, perUnit } = raster.levels[level]!;
  const at: Point = [(col + 0.5 - cols / 2) / perUnit, (rows / 2 - row - 0.5) / perUnit];
  if (raster.grid === "latlon") return { lon: at[0], lat: at[1] };
  return toPlace({ kind: raster.grid, x: 0, y: 0 }, at)!;
}

/** The chunk that holds a pixel. */
export function chunkAt(raster: Raster, { level, row, col }: Pixel): Wanted {
  const { chunk } = raster.levels[level]!;
  return { level: raster.levels[level]!, at: [Math.floor(row / chunk), Math.floor(col / chunk)] };
}

/** All chunks of a level, by row and column among its chunks. */
export function allChunks({ rows, cols, chunk }: Level): number[][] {
  const [down, across] = [Math.ceil(rows / chunk), Math.ceil(cols / chunk)];
  return Array.from({ length: down * across }, (_, place) => [Math.floor(place / across), place % across]);
}

/** A pixel's place among the codes of its chunk. */
export function within({ chunk }: Level, { row, col }: Pixel): number {
  return (row % chunk) * chunk + (col % chunk);
}

/**
 * The finest level whose pixels are no smaller than the screen's, and the chunks of it that are seen: of 512 pixels,
 * 3 x 3 at most on a map of 1024 x 1024.
 */
export interface Needed {
  readonly level: number;
  readonly chunks: readonly Wanted[];
}

/**
 * What a sight needs of a raster.
 *
 * @param ratio Device pixels of a CSS pixel.
 * @returns Nothing where even the coarsest level would be too much.
 */
export function needed(raster: Raster, sight: Sight, size: Size, ratio: number): Needed | undefined {
  const metres = isPole(sight.kind) ? sight.resolution : sight.resolution * METRES_A_DEGREE;
  const fitting = raster.levels.findIndex(
    (_, level) => pixelMetres(raster, level) * ROUNDING >= metres / ratio,
  );
  const last = raster.levels.length - 1;
  const points = seen(raster.grid, sight, size);
  for (let level = fitting < 0 ? last : fitting; level <= last; level++) {
    const chunks = chunksAt(raster, level, points);
    if (chunks.length <= MOST_CHUNKS) return { level, chunks };
  }
  return undefined;
}

/** Points of a screen from edge to edge: x and y in a raster's units, and the square of how far they are off the middle. */
function seen(grid: Grid, sight: Sight, { width, height }: Size): number[] {
  const points: number[] = [];
  for (const across of steps(width)) {
    for (const down of steps(height)) {
      const [dx, dy] = [across - width / 2, height / 2 - down];
      const point: Point = [sight.x + dx * sight.resolution, sight.y + dy * sight.resolution];
      const place = grid === sight.kind ? undefined : toPlace(sight, point);
      const at = grid === sight.kind ? point : place && onGrid(grid, place);
      if (at) points.push(at[0], at[1], dx * dx + dy * dy);
    }
  }
  return points;
}

function steps(length: number): number[] {
  const number = Math.max(1, Math.ceil(length / STEP));
  // Half a pixel within the screen: what begins at its very edge is not seen.
  return Array.from({ length: number + 1 }, (_, step) => 0.5 + (step * (length - 1)) / number);
}

/** The chunks that hold some points, those near the middle first. */
function chunksAt(raster: Raster, number: number, points: readonly number[]): Wanted[] {
  const level = raster.levels[number]!;
  const { rows, cols, perUnit, chunk } = level;
  const across = Math.ceil(cols / chunk);
  const nearest = new Map<number, number>();
  for (let at = 0; at < points.length; at += 3) {
    const row = Math.min(rows / 2 - points[at + 1]! * perUnit, rows - 1);
    const col = Math.min(cols / 2 + points[at]! * perUnit, raster.grid === "latlon" ? cols - 1 : Infinity);
    if (row < 0 || col < 0 || row >= rows || col >= cols) continue;
    const place = Math.floor(row / chunk) * across + Math.floor(col / chunk);
    nearest.set(place, Math.min(nearest.get(place) ?? Infinity, points[at + 2]!));
  }
  const sorted = [...nearest].sort(([, a], [, b]) => a - b);
  return sorted.map(([place]) => ({ level, at: [Math.floor(place / across), place % across] }));
}

/** The finest code from a level on that is here at a place, as the picture shows it. */
export function codeAt(
  raster: Raster,
  from: number,
  place: Place,
): { pixel: Pixel; code: number } | undefined {
  for (let level = from; level < raster.levels.length; level++) {
    const pixel = pixelAt(raster, level, place);
    const codes = pixel && chunkOf(chunkAt(raster, pixel));
    if (codes) return { pixel, code: codes[within(raster.levels[level]!, pixel)]! };
  }
  return undefined;
}

/** Whether all that is needed is here, or cannot be had. */
export function isWhole({ chunks }: Needed): boolean {
  return chunks.every((wanted) => chunkOf(wanted) !== undefined || hasFailed(wanted));
}
