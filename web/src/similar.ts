/** Places like one: where all networks' oxides are near those of a pixel, on an overview of the whole Moon. */

import { keepComputed, read } from "./chunks";
import { classShades } from "./colours";
import { el, fill } from "./dom";
import type { Row } from "./inspect";
import { allChunks } from "./levels";
import { areaKm2 } from "./moon";
import { paintAbove } from "./picture";
import type { Raster } from "./root";
import { MAPS } from "./tables";
import { wordsOf } from "./requests";
import { areaText } from "./words";

/** The widest level that is searched, columns: the whole Moon in a second. */
const WIDEST = 2048;
const MISSING = 65535;
/** Codes are thousandths of a standard deviation. */
const STEP = 0.001;
/** Near, and nearly so: standard deviations of the whole Moon in every oxide. */
const NEAR = 0.25;
const FAR = 0.5;
const COLOURS = [
  [255, 40, 160, 230],
  [255, 150, 205, 150],
  [0, 0, 0, 0],
] as const;

let searches = 0;

/** A button that finds places like a pixel with these values, and says how many. */
export function similarPart(rows: readonly Row[]): HTMLElement | undefined {
  const used = rows.filter(({ map, value }) => {
    const row = MAPS[map.name];
    return (
      value !== undefined &&
      row?.composition &&
      (row.method === "cnn" || row.method === "equation") &&
      map.on.latlon
    );
  });
  // Equations and networks say the same: by networks where there are any.
  const networks = used.filter(({ map }) => MAPS[map.name]!.method === "cnn");
  const by = networks.length ? networks : used;
  if (!by.length) return undefined;
  const said = el("p", { class: "hint", role: "status", id: "similar-found" });
  return el(
    "div",
    {},
    el(
      "div",
      { class: "row" },
      el(
        "button",
        {
          type: "button",
          id: "similar",
          onclick: async () => {
            fill(said, "Looking …");
            fill(said, await find(by).catch(wordsOf));
          },
        },
        "Find places like this one",
      ),
      el(
        "button",
        {
          type: "button",
          onclick: () => {
            paintAbove([]);
            fill(said);
          },
        },
        "Hide",
      ),
    ),
    said,
  );
}

async function find(rows: readonly Row[]): Promise<string> {
  const [{ raster }] = rows as [Row];
  const number = Math.max(
    0,
    raster.levels.findIndex(({ cols }) => cols <= WIDEST),
  );
  const spreads = await Promise.all(rows.map((row) => spreadOf(row.map.on.latlon!, number)));
  const level = { ...raster.levels[number]!, url: `computed:${++searches}` };
  const found: Raster = {
    id: level.url,
    grid: "latlon",
    levels: [level],
    coding: { scale: STEP, offset: 0, fill: MISSING, flags: new Map() },
  };
  const step = 1 / level.perUnit;
  let [near, far] = [0, 0];
  for (const at of allChunks(level)) {
    const codes = await Promise.all(
      rows.map(({ map }) => read({ level: map.on.latlon!.levels[number]!, at })),
    );
    const distances = new Uint16Array(level.chunk * level.chunk).fill(MISSING);
    for (let pixel = 0; pixel < distances.length; pixel++) {
      const worst = worstOf(rows, codes, spreads, pixel);
      if (worst === undefined) continue;
      distances[pixel] = Math.min(MISSING - 1, Math.round(worst / STEP));
      const [row, col] = [
        at[0]! * level.chunk + Math.floor(pixel / level.chunk),
        at[1]! * level.chunk + (pixel % level.chunk),
      ];
      if (worst > FAR || row >= level.rows || col >= level.cols) continue;
      const km2 = areaKm2(90 - (row + 1) * step, 90 - row * step, step);
      far += km2;
      if (worst <= NEAR) near += km2;
    }
    keepComputed({ level, at }, distances);
  }
  const shades = classShades(COLOURS);
  // Classes by the bounds of near and far.
  const thresholds = shades.thresholds.map((_, place) =>
    place === 0 ? NEAR / STEP + 1 : place === 1 ? FAR / STEP + 1 : MISSING + place,
  );
  paintAbove([
    { mode: "value", rasters: [found], opacity: 1, from: 0, to: 1, shades: { ...shades, thresholds } },
  ]);
  const names = rows.map(({ map }) => MAPS[map.name]!.label.replace(/ \(.*/, "")).join(", ");
  return `Like it within ${NEAR} standard deviations of the whole Moon in ${names}: ${areaText(near)}; within ${FAR} (paler): ${areaText(far)}. On level ${number}, pixels of 1/${round(level.perUnit)}°.`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

/** The largest difference of any map, in its standard deviations; nothing where a map is missing. */
function worstOf(
  rows: readonly Row[],
  codes: readonly ArrayLike<number>[],
  spreads: readonly number[],
  pixel: number,
): number | undefined {
  let worst = 0;
  for (let map = 0; map < rows.length; map++) {
    const { value, raster } = rows[map]!;
    const code = codes[map]![pixel]!;
    if (code === raster.coding.fill) return undefined;
    const off = Math.abs(code * raster.coding.scale + raster.coding.offset - value!) / spreads[map]!;
    if (off > worst) worst = off;
  }
  return worst;
}

/** The standard deviation of a map over the whole Moon, weighted by area. */
async function spreadOf(raster: Raster, number: number): Promise<number> {
  const level = raster.levels[number]!;
  const step = 1 / level.perUnit;
  let [weights, total, squares] = [0, 0, 0];
  for (const at of allChunks(level)) {
    const codes = await read({ level, at });
    for (let pixel = 0; pixel < codes.length; pixel++) {
      const row = at[0]! * level.chunk + Math.floor(pixel / level.chunk);
      const inside = row < level.rows && at[1]! * level.chunk + (pixel % level.chunk) < level.cols;
      if (!inside || codes[pixel] === raster.coding.fill) continue;
      const weight = Math.cos((90 - (row + 0.5) * step) * (Math.PI / 180));
      weights += weight;
      total += weight * codes[pixel]!;
      squares += weight * codes[pixel]! ** 2;
    }
  }
  return Math.sqrt(Math.max(1, squares / weights - (total / weights) ** 2)) * raster.coding.scale;
}
