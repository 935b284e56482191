/** Ranges of colours from the data: what all but a few pixels are. */

import { read } from "./chunks";
import type { Codes } from "./codes";
import type { Range } from "./colours";
import { allChunks, codeAt, rasterFor } from "./levels";
import { levelOf, valueOf } from "./picture";
import type { Raster, StoredMap } from "./root";
import { type Scene, evenly, isSigned } from "./scene";
import type { State } from "./state";
import { placeAt, sight, size } from "./view";

// Left out at both ends.
const BEYOND = 0.02;
// Chunks that are looked at of a map without a coarse level, spread over it.
const MOST_READ = 6;
// Screen pixels between those that are looked at.
const STEP = 6;

/** The range of a map by its coarsest level. */
export async function fittedAll(map: StoredMap, isEven: boolean): Promise<Range> {
  const raster = (map.on.latlon ?? map.on.north ?? map.on.south)!;
  const level = raster.levels.at(-1)!;
  const all = allChunks(level);
  const every = Math.ceil(all.length / MOST_READ);
  const looked = all.filter((_, place) => place % every === 0);
  const chunks = await Promise.all(looked.map((at) => read({ level, at })));
  return rangeOf(
    chunks.flatMap((codes) => someOf(raster, codes)),
    isEven,
  );
}

function someOf(raster: Raster, codes: Codes): number[] {
  const values: number[] = [];
  for (let at = 0; at < codes.length; at += 7) {
    const value = valueOf(raster, codes[at]!);
    if (value !== undefined) values.push(value);
  }
  return values;
}

/** The range of what a view shows of the map, or of the difference. */
export function fittedSeen(scene: Scene, { how }: State): Range | undefined {
  const other = how === "difference" ? scene.other?.map : undefined;
  const [first, second] = [levelOf(scene.map), other && levelOf(other)];
  const { kind } = sight();
  if (!first || rasterFor(scene.map, kind) !== first.raster) return undefined;
  const { width, height } = size();
  const values: number[] = [];
  for (let x = STEP / 2; x < width; x += STEP) {
    for (let y = STEP / 2; y < height; y += STEP) {
      const place = placeAt([x, y]);
      const a = place && codeAt(first.raster, first.level, place);
      const b = place && second && codeAt(second.raster, second.level, place);
      const value = a && valueOf(first.raster, a.code);
      const beside = b && second && valueOf(second.raster, b.code);
      if (value !== undefined && (!other || beside !== undefined)) values.push(value - (beside ?? 0));
    }
  }
  return values.length ? rangeOf(values, other !== undefined || isSigned(scene.look)) : undefined;
}

function rangeOf(values: readonly number[], isEven: boolean): Range {
  const sorted = Float64Array.from(values).sort();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
  const [least, most] = [at(BEYOND), at(1 - BEYOND)];
  if (!(most > least)) return [least - 0.5, least + 0.5];
  const range: Range = isEven ? evenly([least, most]) : [least, most];
  // As people would write them.
  const step = 10 ** Math.floor(Math.log10((range[1] - range[0]) / 20));
  return [Math.floor(range[0] / step) * step, Math.ceil(range[1] / step) * step].map((end) =>
    Number(end.toPrecision(12)),
  ) as unknown as Range;
}
