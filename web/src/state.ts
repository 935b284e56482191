/** What is looked at, as the page's address says it: a link restores exactly this. */

import type { Range } from "./colours";
import { KINDS, type Kind, type Place, type Point, type Sight } from "./moon";
import type { Shape } from "./shape";

/** How a second map is seen. */
export type How = "swipe" | "difference";
/** What is drawn over the map. */
export type Overlay = "names" | "stations" | "graticule" | "relief" | "candidates";
export const OVERLAYS: readonly Overlay[] = ["graticule", "names", "stations", "candidates", "relief"];

/** Ranges of values of two maps. */
export type Box = readonly [Range, Range];

export interface State {
  /** Record whose map is shown, as `kind/id`; nothing is the latest run. */
  readonly of?: string;
  readonly map: string;
  /** Nothing until the view was moved: the whole Moon. */
  readonly sight?: Sight;
  /** Colours by the map's own row where nothing is said. */
  readonly range?: Range;
  readonly palette?: string;
  readonly opacity: number;
  /** The record that the map is compared with. */
  readonly other?: string;
  readonly how: How;
  /** Part (0..1) of the width left of the swipe. */
  readonly swipe: number;
  /** Bits of quality that are marked. */
  readonly quality: number;
  readonly shown: ReadonlySet<Overlay>;
  /** The place that was asked about. */
  readonly place?: Place;
  /** What was drawn to be measured. */
  readonly shape?: Shape;
  /** The map that the scatter plot has across. */
  readonly against?: string;
  /** What is marked in it: values of the map, and of the one across. */
  readonly box?: Box;
  /** The place whose like is marked. */
  readonly like?: Place;
}

/** A change: what is `undefined` goes back to what it is without being said. */
export type Change = { readonly [Key in keyof State]?: State[Key] | undefined };

const DEFAULT: State = {
  map: "feo_cnn",
  opacity: 1,
  how: "swipe",
  swipe: 0.5,
  quality: 0,
  shown: new Set(["names", "graticule"] as const),
};

let current: State = DEFAULT;
const listeners: ((before: State) => void)[] = [];
let writing = 0;

export function state(): State {
  return current;
}

/** Be told of every change, with what was before. */
export function onChange(listener: (before: State) => void): void {
  listeners.push(listener);
}

export function change(changes: Change): void {
  const before = current;
  const merged = { ...current, ...changes };
  current = Object.fromEntries(
    Object.entries(merged).filter(([, value]) => value !== undefined),
  ) as unknown as State;
  for (const listener of listeners) listener(before);
  // Browsers refuse to rewrite an address dozens of times a second.
  window.clearTimeout(writing);
  writing = window.setTimeout(() => history.replaceState(null, "", `#${written(current)}`), 150);
}

/** Take up what the address says, now and whenever a person changes it. */
export function followAddress(): void {
  current = read(location.hash.slice(1));
  window.addEventListener("hashchange", () => {
    const before = current;
    current = read(location.hash.slice(1));
    for (const listener of listeners) listener(before);
  });
}

/** The state as the part of an address after `#`. Numbers are written with all their digits. */
export function written(of: State): string {
  const parts: [string, string | undefined][] = [
    ["of", of.of],
    ["map", of.map],
    ["view", of.sight?.kind],
    ["at", of.sight && `${of.sight.x},${of.sight.y}`],
    ["res", of.sight && String(of.sight.resolution)],
    ["range", of.range?.join()],
    ["palette", of.palette],
    ["opacity", of.opacity === 1 ? undefined : String(of.opacity)],
    ["with", of.other],
    ["how", of.other && of.how],
    ["swipe", of.other && of.how === "swipe" ? String(of.swipe) : undefined],
    ["quality", of.quality ? String(of.quality) : undefined],
    ["show", [...of.shown].sort().join()],
    ["place", of.place && `${of.place.lon},${of.place.lat}`],
    ["shape", of.shape && [of.shape.is, of.shape.kind, ...of.shape.points.flat()].join()],
    ["against", of.against],
    ["box", of.against && of.box?.flat().join()],
    ["like", of.like && `${of.like.lon},${of.like.lat}`],
  ];
  const said = parts.filter((part): part is [string, string] => part[1] !== undefined);
  return said
    .map(
      ([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%2F", "/")}`,
    )
    .join("&");
}

/** The state that an address says; what it does not say, or says wrongly, is the default. */
export function read(hash: string): State {
  const said = new URLSearchParams(hash);
  const changes: Change = {
    of: said.get("of") ?? undefined,
    map: said.get("map") ?? undefined,
    sight: sightOf(said),
    range: ascending(numbers(said.get("range"), 2)),
    palette: said.get("palette") ?? undefined,
    opacity: within(numbers(said.get("opacity"), 1)?.[0]),
    other: said.get("with") ?? undefined,
    how: said.get("how") === "difference" ? "difference" : undefined,
    swipe: within(numbers(said.get("swipe"), 1)?.[0]),
    quality: numbers(said.get("quality"), 1)?.[0],
    shown: said.has("show")
      ? new Set(OVERLAYS.filter((each) => said.get("show")!.split(",").includes(each)))
      : undefined,
    place: placeOf(numbers(said.get("place"), 2)),
    shape: shapeOf(said.get("shape")),
    against: said.get("against") ?? undefined,
    box: boxOf(numbers(said.get("box"), 4)),
    like: placeOf(numbers(said.get("like"), 2)),
  };
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...DEFAULT, ...Object.fromEntries(given) };
}

function sightOf(said: URLSearchParams): Sight | undefined {
  const kind = KINDS.find((each): each is Kind => each === said.get("view"));
  const at = numbers(said.get("at"), 2);
  const resolution = numbers(said.get("res"), 1)?.[0];
  if (!kind || !at || !resolution || resolution < 0) return undefined;
  return { kind, x: at[0]!, y: at[1]!, resolution };
}

function placeOf(at: readonly number[] | undefined): Place | undefined {
  return at && Math.abs(at[1]!) <= 90 ? { lon: at[0]!, lat: at[1]! } : undefined;
}

function boxOf(ends: readonly number[] | undefined): Box | undefined {
  const [low, high, from, to] = ends ?? [];
  return low! <= high! && from! <= to!
    ? [
        [low!, high!],
        [from!, to!],
      ]
    : undefined;
}

function shapeOf(text: string | null): Shape | undefined {
  const [is, kind, ...flat] = text?.split(",") ?? [];
  const all = flat.map(Number);
  if ((is !== "area" && is !== "line") || (kind !== "plate" && kind !== "north" && kind !== "south"))
    return undefined;
  if (all.length % 2 || all.length < (is === "area" ? 6 : 4) || !all.every(Number.isFinite)) return undefined;
  const points = Array.from({ length: all.length / 2 }, (_, at): Point => [all[2 * at]!, all[2 * at + 1]!]);
  return { is, kind, points };
}

function numbers(text: string | null, count: number): number[] | undefined {
  const found = text?.split(",").map(Number);
  return found?.length === count && found.every(Number.isFinite) ? found : undefined;
}

function ascending(range: readonly number[] | undefined): Range | undefined {
  return range && range[0]! < range[1]! ? [range[0]!, range[1]!] : undefined;
}

function within(part: number | undefined): number | undefined {
  return part === undefined ? undefined : Math.max(0, Math.min(1, part));
}
