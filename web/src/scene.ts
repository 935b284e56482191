/** What the state names, read from the root: the map, what it is compared with, and what lies over it. */

import { canDraw } from "./atlas";
import { type Range } from "./colours";
import { Trouble } from "./requests";
import {
  type Entry,
  type RecordDocument,
  type Root,
  type StoredMap,
  called,
  mapsOf,
  parentOf,
  recordOf,
  recordsOf,
} from "./root";
import type { State } from "./state";
import { DIVERGING, GRAVITY, MAPS } from "./tables";

/** The Zarr store with the maps of a record, by its kind. */
const STORES: Readonly<Record<string, string>> = {
  runs: "maps.zarr",
  gravity: "gravity.zarr",
  comparisons: "differences.zarr",
  polar: "polar.zarr",
};
/** Kinds whose maps can be looked at, in the order in which they are offered. */
export const SHOWN_KINDS = ["runs", "gravity", "comparisons"] as const;
const QUALITY = "quality";
const CANDIDATES = "mare_basalt";
const RELIEF = "topography_attraction";

export interface Scene {
  readonly root: Root;
  readonly entry: Entry;
  readonly record: RecordDocument;
  readonly maps: readonly StoredMap[];
  readonly map: StoredMap;
  readonly look: Look;
  readonly other?: { readonly entry: Entry; readonly map: StoredMap };
  readonly quality?: StoredMap;
  readonly candidates: readonly StoredMap[];
  readonly relief?: StoredMap;
}

/** How a map is coloured unless a person says otherwise. */
export interface Look {
  readonly label: string;
  readonly palette: string;
  readonly range: Range | undefined;
}

/** The scene of a state; what it names and is not there is told, not replaced. */
export async function sceneOf(root: Root, state: State): Promise<Scene> {
  const entry = entryOf(root, state);
  const [record, all] = await Promise.all([recordOf(root, entry), storedMaps(root, entry)]);
  const maps = inOrder(all.filter(({ name }) => name !== QUALITY));
  // Of a record of another kind it is not known yet what maps it has.
  const isAny = state.of === undefined || state.map === "";
  const map = maps.find(({ name }) => name === state.map) ?? (isAny ? maps[0] : undefined);
  if (!map) {
    const known = maps.map(({ name }) => name).join(", ") || "none that can be drawn";
    throw new Trouble(`${entry.kind}/${entry.id} has no map ${state.map}; it has ${known}`);
  }
  const [other, candidates, relief] = await Promise.all([
    otherOf(root, state, map),
    state.shown.has("candidates") ? candidatesOf(root, entry) : [],
    state.shown.has("relief") ? reliefOf(root) : undefined,
  ]);
  const quality = all.find(({ name }) => name === QUALITY);
  return {
    root,
    entry,
    record,
    maps,
    map,
    candidates,
    look: lookOf(map, record),
    ...(other && { other }),
    ...(quality && { quality }),
    ...(relief && { relief }),
  };
}

/** Maps in the order of the package's table; others come after. */
function inOrder(maps: readonly StoredMap[]): StoredMap[] {
  const order = [...Object.keys(MAPS), ...Object.keys(GRAVITY)];
  const place = ({ name }: StoredMap) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...maps].sort((a, b) => place(a) - place(b));
}

/** The record that a state names, or the latest run. */
function entryOf(root: Root, state: State): Entry {
  if (state.of !== undefined) return named(root, state.of);
  const first = SHOWN_KINDS.flatMap((kind) => recordsOf(root, kind))[0];
  if (!first) throw new Trouble(`${root.url.href} has no run yet: nothing is mapped`);
  return first;
}

function named(root: Root, name: string): Entry {
  const found = root.entries.find(({ kind, id }) => `${kind}/${id}` === name);
  if (!found) throw new Trouble(`${root.url.href} has no ${name}: it may have been removed`);
  return found;
}

/** The maps of a record that can be drawn; with `quality`. */
async function storedMaps(root: Root, entry: Entry): Promise<StoredMap[]> {
  const store = STORES[entry.kind];
  const found = store === undefined ? [] : await mapsOf(root, entry, store);
  return found.filter(({ on }) =>
    Object.values(on).every(({ levels }) => canDraw(levels[0]!.metadata.data_type)),
  );
}

async function otherOf(root: Root, state: State, map: StoredMap): Promise<Scene["other"]> {
  if (state.other === undefined) return undefined;
  const entry = named(root, state.other);
  const found = (await storedMaps(root, entry)).find(({ name }) => name === map.name);
  if (!found) throw new Trouble(`${called(entry)} has no map ${map.name} to compare with`);
  return { entry, map: found };
}

/** Candidates around both poles, of the run that is shown where there are any, else the newest. */
async function candidatesOf(root: Root, shown: Entry): Promise<StoredMap[]> {
  const polar = recordsOf(root, "polar");
  const own = polar.filter((entry) => parentOf(root, entry, "run")?.id === shown.id);
  const found = await Promise.all([...own, ...polar].map((entry) => storedMaps(root, entry)));
  const maps = found.flat().filter(({ name }) => name === CANDIDATES);
  const poles = (["north", "south"] as const).map((pole) => maps.find(({ on }) => on[pole]));
  return poles.filter((each) => each !== undefined);
}

/** The attraction of the topography, which shows the relief, of the newest gravity. */
async function reliefOf(root: Root): Promise<StoredMap | undefined> {
  const newest = recordsOf(root, "gravity")[0];
  return newest && (await storedMaps(root, newest)).find(({ name, on }) => name === RELIEF && on.latlon);
}

/** Maps of the package's own table look as in its figures; others as their record says. */
function lookOf(map: StoredMap, record: RecordDocument): Look {
  const row = map.entry.kind === "runs" ? MAPS[map.name] : undefined;
  if (row) return { label: row.label, palette: row.palette, range: row.range };
  const stored = rangesOf(record)[map.name];
  const gravity = GRAVITY[map.name];
  const isDifference = map.entry.kind === "comparisons";
  return {
    label: map.units ? `${map.longName} (${map.units})` : map.longName,
    palette: stored?.colours ?? gravity?.palette ?? (isDifference ? DIVERGING : "viridis"),
    range: stored && stored.low < stored.high ? [stored.low, stored.high] : undefined,
  };
}

interface StoredRange {
  readonly low: number;
  readonly high: number;
  readonly colours: string;
}

/** The usual values of a record's maps, and their palettes. */
function rangesOf({ card }: RecordDocument): Readonly<Record<string, StoredRange>> {
  return (card["ranges"] ?? {}) as Readonly<Record<string, StoredRange>>;
}

/** Whether a map has both signs, by its palette. */
export function isSigned({ palette }: Pick<Look, "palette">): boolean {
  return palette.startsWith("RdBu") || palette.startsWith("PuOr");
}

/** A range around zero. */
export function evenly([least, most]: Range): Range {
  const reach = Math.max(Math.abs(least), Math.abs(most));
  return [-reach, reach];
}
