/** What the page knows without asking a root; made by `python -m tools.viewer_tables`. */

import tables from "./tables.json";

export interface MapRow {
  readonly label: string;
  readonly palette: string;
  readonly range: readonly [number, number];
  readonly method: string;
  /** The map whose uncertainty it is. */
  readonly about: string | null;
  /** Whether it says something of the surface. */
  readonly composition: boolean;
}

export interface Name {
  readonly name: string;
  readonly lon: number;
  readonly lat: number;
  readonly diameterKm: number;
}

/** Tiles of the archive between two latitudes, from 0 degrees eastward; the same in the north and in the south. */
export interface TileRow {
  /** Of their names. */
  readonly code: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** 256 colours of each palette, six hexadecimal digits a colour. */
export const PALETTES: Readonly<Record<string, string>> = tables.palettes;
export const MAPS = tables.maps as unknown as Readonly<Record<string, MapRow>>;
export const GRAVITY: Readonly<Record<string, { palette: string; signed: boolean }>> = tables.gravity;
export const TILES: readonly TileRow[] = (tables.tiles as [number, number, number, number][]).map(
  ([code, low, high, count]) => ({ code, low, high, count }),
);
/** Named places, the largest first. */
export const NAMES: readonly Name[] = (tables.names as [string, number, number, number][])
  .map(([name, lon, lat, diameterKm]) => ({ name, lon, lat, diameterKm }))
  .sort((a, b) => b.diameterKm - a.diameterKm);
/** The palette of what has both signs. */
export const DIVERGING = "RdBu_r";
