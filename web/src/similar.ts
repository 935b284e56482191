/** Places like one: where all networks' oxides are near those of a pixel, on an overview of the whole Moon. */

import { keepComputed, read } from "./chunks";
import { classShades } from "./colours";
import { byId, el } from "./dom";
import { type Row, rowsAt } from "./inspect";
import { allChunks } from "./levels";
import { type Place, areaKm2 } from "./moon";
import { section } from "./panel";
import { paintAbove } from "./picture";
import type { Coat } from "./renderer";
import { Trouble, wordsOf } from "./requests";
import type { Raster } from "./root";
import type { Scene } from "./scene";
import { change, state } from "./state";
import { MAPS } from "./tables";
import { areaText, placeText } from "./words";

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

/** What was searched last, and what was said of it. */
const last = { key: "", said: "" };

/** Where it is said what is marked, and how to be rid of it. */
export function similarSection(): HTMLElement {
  const part = section("Places like one", [
    el("p", { class: "hint similar-said" }),
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", id: "unlike", onclick: () => change({ like: undefined }) }, "Hide"),
    ),
  ]);
  part.id = "like";
  part.hidden = true;
  return part;
}

/** A button that marks places like a pixel with these values; it says how many. */
export function similarPart(rows: readonly Row[], place: Place): HTMLElement | undefined {
  if (!searched(rows).length) return undefined;
  const { like } = state();
  const isThis = like?.lon === place.lon && like.lat === place.lat;
  return el(
    "div",
    {},
    el(
      "div",
      { class: "row" },
      el(
        "button",
        { type: "button", id: "similar", onclick: () => change({ like: place }) },
        "Find places like this one",
      ),
    ),
    el(
      "p",
      { class: "hint similar-said", role: "status", id: "similar-found" },
      isThis ? last.said : undefined,
    ),
  );
}

/** Mark what the state wants to be marked. */
export async function showSimilar({ maps, entry }: Scene): Promise<void> {
  const { like } = state();
  byId("like").hidden = !like;
  const key = like ? `${entry.kind}/${entry.id} ${like.lon},${like.lat}` : "";
  if (key === last.key) return;
  last.key = key;
  paintAbove([]);
  if (!like) return tell("");
  tell("Looking …");
  try {
    const rows = searched(await rowsAt(maps, like));
    const found = await find(rows, key);
    // Another place may have been asked for meanwhile.
    if (key !== last.key) return;
    paintAbove([found.coat]);
    tell(`Like ${placeText(like)}, ${found.said}`);
  } catch (error) {
    if (key === last.key) tell(wordsOf(error));
  }
}

function tell(said: string): void {
  last.said = said;
  for (const each of document.querySelectorAll(".similar-said")) each.textContent = said;
}

/** The values by which places are compared. */
function searched(rows: readonly Row[]): Row[] {
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
  return networks.length ? networks : used;
}

interface Found {
  readonly coat: Coat;
  readonly said: string;
}

async function find(rows: readonly Row[], key: string): Promise<Found> {
  if (!rows.length) throw new Trouble("There is no composition by which places could be compared.");
  const [{ raster }] = rows as [Row];
  const number = Math.max(
    0,
    raster.levels.findIndex(({ cols }) => cols <= WIDEST),
  );
  const spreads = await Promise.all(rows.map((row) => spreadOf(row.map.on.latlon!, number)));
  const level = { ...raster.levels[number]!, url: `computed:${key}` };
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
  const coat: Coat = {
    mode: "value",
    rasters: [found],
    opacity: 1,
    from: 0,
    to: 1,
    shades: { ...shades, thresholds },
  };
  const names = rows.map(({ map }) => MAPS[map.name]!.label.replace(/ \(.*/, "")).join(", ");
  const said = `within ${NEAR} standard deviations of the whole Moon in ${names}: ${areaText(near)}; within ${FAR} (paler): ${areaText(far)}. On level ${number}, pixels of 1/${round(level.perUnit)}°.`;
  return { coat, said };
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
