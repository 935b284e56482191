/** All that is known of one pixel, at full resolution: maps with their chance, spectrum, where it came from. */

import { read } from "./chunks";
import { centreOf, chunkAt, pixelAt, within } from "./levels";
import { type Place, distance, METRES_A_DEGREE } from "./moon";
import { valueOf } from "./picture";
import {
  type Entry,
  type Raster,
  type RecordDocument,
  type Root,
  type StoredMap,
  mosaicOf,
  parentOf,
  recordOf,
} from "./root";
import { type Name, NAMES, TILES } from "./tables";

export interface Value {
  readonly map: StoredMap;
  readonly raster: Raster;
  /** Nothing where the map is missing. */
  readonly value: number | undefined;
}

/** A value of a map of the surface with how sure it is. */
export interface Row extends Value {
  readonly chance: number | undefined;
  /** Half-width of the interval that holds 95 of 100 stations. */
  readonly half95: number | undefined;
}

export interface Spectrum {
  readonly wavelengthsNm: readonly number[];
  readonly reflectances: readonly (number | undefined)[];
}

export interface Near<Of> {
  readonly what: Of;
  readonly km: number;
}

export interface Origin {
  readonly model: { readonly entry: Entry; readonly record: RecordDocument } | undefined;
  readonly mosaic: { readonly entry: Entry; readonly record: RecordDocument } | undefined;
  /** The tile of the mosaic that holds the pixel's centre; nothing where the mosaic does not have it. */
  readonly tile: string | undefined;
}

/** The value of a map at a place, at full resolution. */
export async function valueAt(map: StoredMap, place: Place): Promise<Value | undefined> {
  const raster = map.on.latlon ?? map.on.north ?? map.on.south;
  const pixel = raster && pixelAt(raster, 0, place);
  if (!pixel) return undefined;
  const codes = await read(chunkAt(raster, pixel));
  return { map, raster, value: valueOf(raster, codes[within(raster.levels[0]!, pixel)]!) };
}

/** All maps of a record at a place; what says how sure a map is stands beside it. */
export async function rowsAt(maps: readonly StoredMap[], place: Place): Promise<Row[]> {
  const found = (await Promise.all(maps.map((map) => valueAt(map, place)))).filter(
    (each) => each !== undefined,
  );
  const by = new Map(found.map((each) => [each.map.name, each]));
  const isAbout = (name: string) => /_(chance|half68|half95)$/.test(name);
  return found
    .filter(({ map }) => !isAbout(map.name))
    .map((each) => ({
      ...each,
      chance: by.get(`${each.map.name}_chance`)?.value,
      half95: by.get(`${each.map.name}_half95`)?.value,
    }));
}

/** What the quality flags say of a place, in words; empty where there is nothing to say. */
export async function qualityAt(map: StoredMap, place: Place): Promise<string[]> {
  const found = await valueAt(map, place);
  return found ? flagsOf(found.raster, found.value ?? 0) : [];
}

/** The meanings of the bits of a code. */
function flagsOf({ coding }: Raster, code: number): string[] {
  return [...coding.flags].filter(([bit]) => (code & bit) !== 0).map(([, meaning]) => meaning);
}

/** The classes of a place, in words, by maps of classes; 0 is what is of none of them. */
export async function classesAt(maps: readonly StoredMap[], place: Place): Promise<string[]> {
  const found = await Promise.all(maps.map((map) => valueAt(map, place)));
  return found.flatMap((each) => (each?.value ? (each.raster.coding.flags.get(each.value) ?? []) : []));
}

/** Where a map of a run came from, and the tile of its pixel at a place. */
export async function originOf(root: Root, map: StoredMap, place: Place): Promise<Origin> {
  const [model, mosaic] = await Promise.all(
    ["model", "mosaic"].map(async (role) => {
      const entry = parentOf(root, map.entry, role);
      return entry && { entry, record: await recordOf(root, entry) };
    }),
  );
  const tiles = (mosaic?.record.card["tiles"] ?? {}) as Readonly<Record<string, string>>;
  const pixel = map.on.latlon && pixelAt(map.on.latlon, 0, place);
  const tile = pixel && tileAt(centreOf(map.on.latlon, pixel));
  return { model, mosaic, tile: tile !== undefined && tile in tiles ? tile : undefined };
}

/** The bands of a mosaic at a place, and the wavelengths that the model has for them. */
export async function spectrumAt(
  root: Root,
  { model, mosaic }: Origin,
  place: Place,
): Promise<Spectrum | undefined> {
  const stored = mosaic && (await mosaicOf(root, mosaic.entry));
  const pixel = stored && pixelAt(stored.raster, 0, place);
  if (!pixel) return undefined;
  const [level] = stored.raster.levels;
  const { at } = chunkAt(stored.raster, pixel);
  const bands = Array.from({ length: stored.bands }, (_, band) => band);
  const codes = await Promise.all(bands.map((band) => read({ level: level!, at: [band, ...at] })));
  const equations = model?.record.card["equations"] as
    { readonly wavelengths_nm?: readonly number[] } | undefined;
  return {
    wavelengthsNm: equations?.wavelengths_nm ?? bands.map((band) => band + 1),
    reflectances: codes.map((each) => valueOf(stored.raster, each[within(level!, pixel)]!)),
  };
}

/** The tile of the archive's scheme whose bounds hold a place. */
function tileAt({ lon, lat }: Place): string | undefined {
  const row = TILES.find(({ low, high }) => Math.abs(lat) >= low && Math.abs(lat) < high);
  if (!row) return undefined;
  const width = 360 / row.count;
  const west = Math.floor(((lon + 360) % 360) / width) * width;
  // Names hold the longitude of the middle without its fraction.
  const middle = Math.floor(west + width / 2);
  return `UI${digits(row.code, 2)}${lat < 0 ? "S" : "N"}${digits(middle, 3)}`;
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, "0");
}

/** The nearest of some places. */
export function nearest<Of extends Place>(all: readonly Of[], place: Place, count: number): Near<Of>[] {
  const found = all.map((what) => ({ what, km: (distance(what, place) * METRES_A_DEGREE) / 1000 }));
  return found.sort((a, b) => a.km - b.km).slice(0, count);
}

/** The smallest named feature in whose disc a place lies, or else the nearest one. */
export function featureAt(place: Place): Near<Name> & { readonly isInside: boolean } {
  const all = nearest(NAMES, place, NAMES.length);
  const inside = all.filter(({ what, km }) => km <= what.diameterKm / 2);
  const smallest = inside.sort((a, b) => a.what.diameterKm - b.what.diameterKm)[0];
  return smallest ? { ...smallest, isInside: true } : { ...all[0]!, isInside: false };
}
