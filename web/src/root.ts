/** A published root: its catalog, its records, and the rasters that their Zarr groups hold. */

import { Trouble, fetchJson } from "./requests";

/** The format of roots that this page reads. */
const FORMAT = 3;
/** How often a root is read that changes meanwhile. */
const TRIES = 4;

interface Ref {
  readonly kind: string;
  readonly id: string;
}

/** A published record, as the catalog has it. */
export interface Entry extends Ref {
  readonly label: string;
  readonly published: string;
  readonly parents: Readonly<Record<string, Ref>>;
  readonly facts: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly isLatest: boolean;
  readonly retracted: string | undefined;
}

/** What is stored as `record.json`, as far as it is shown. */
export interface RecordDocument<Card = Readonly<Record<string, unknown>>> {
  readonly process: string;
  readonly finished: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly given: { readonly inputs: Readonly<Record<string, unknown>> };
  readonly card: Card;
}

export interface Root {
  readonly url: URL;
  readonly entries: readonly Entry[];
}

/** What raster coordinates are: degrees, or metres around a pole. */
export type Grid = "latlon" | "north" | "south";

/** An array as its `zarr.json` describes it, as far as the page looks at it. */
export interface ArrayMetadata {
  readonly node_type: "array";
  readonly shape: readonly number[];
  readonly data_type: string;
  readonly fill_value: unknown;
  readonly chunk_grid: { readonly configuration: { readonly chunk_shape: readonly number[] } };
  readonly codecs: readonly {
    readonly name: string;
    readonly configuration?: { readonly chunk_shape?: number[] };
  }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly dimension_names?: readonly (string | null)[];
}

interface GroupMetadata {
  readonly node_type: "group";
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** One resolution of a raster. Its middle is at the grid's origin: (0, 0) degrees, or the pole. */
export interface Level {
  /** Folder of the array. */
  readonly url: string;
  readonly metadata: ArrayMetadata;
  readonly rows: number;
  readonly cols: number;
  /** Edge of what is read at once, and of the objects that hold it, pixels. */
  readonly chunk: number;
  readonly shard: number;
  /** Pixels a degree, or a metre. */
  readonly perUnit: number;
}

/** A map on one kind of grid at several resolutions, the finest first. */
export interface Raster {
  readonly id: string;
  readonly grid: Grid;
  readonly levels: readonly Level[];
  readonly coding: Coding;
}

/** What stored numbers mean: value = scale x code + offset. */
export interface Coding {
  readonly scale: number;
  readonly offset: number;
  readonly fill: number | undefined;
  /** Meanings of bits, or of codes, by code. */
  readonly flags: ReadonlyMap<number, string>;
}

/** A map with all grids on which it is stored. */
export interface StoredMap {
  readonly name: string;
  readonly longName: string;
  readonly units: string;
  readonly entry: Entry;
  readonly on: Readonly<Partial<Record<Grid, Raster>>>;
}

/** The root that belongs to this page: `root.json` beside it says where. */
export async function openRoot(page: URL): Promise<Root> {
  const said = (await fetchJson(new URL("root.json", page))) as { root?: unknown } | undefined;
  if (typeof said?.root !== "string") {
    throw new Trouble(
      `${new URL("root.json", page).href} does not say where the root is; use \`lunarcloud view\``,
    );
  }
  const url = new URL(said.root, page);
  return { url, entries: await entriesOf(url) };
}

async function entriesOf(url: URL, tries = TRIES): Promise<Entry[]> {
  const catalog = (await fetchJson(new URL("catalog.json", url))) as Catalog | undefined;
  if (!catalog)
    throw new Trouble(`${url.href}catalog.json is not there, or may not be read: this is no root`);
  if (catalog.format !== FORMAT) {
    throw new Trouble(`${url.href} is of format ${String(catalog.format)}; this page reads format ${FORMAT}`);
  }
  const packs = [...(catalog.older ?? []), ...Object.values(catalog.resting ?? {})];
  const older = await Promise.all(packs.map((pack) => packed(url, pack)));
  const lost = packs[older.indexOf(undefined)];
  // Whoever publishes or removes may have replaced a pack after the catalog was read; nothing else is read again.
  if (lost && tries > 1) return entriesOf(url, tries - 1);
  if (lost) throw new Trouble(`${packOf(url, lost).href} is not there, and with it ${lost.records} records`);
  // A record that became a head again is in two of them.
  const records = new Map(
    [...older.flatMap((part) => part ?? []), ...catalog.records].map((each) => [
      `${each.ref.kind}/${each.ref.id}`,
      each,
    ]),
  );
  return [...records.values()].map((record) => entryOf(record, catalog));
}

/** Records that the catalog's own file holds no longer; undefined if their pack is not there. */
async function packed(url: URL, pack: Pack): Promise<readonly CatalogEntry[] | undefined> {
  const found = await fetchJson(packOf(url, pack));
  return (found as { readonly records: readonly CatalogEntry[] } | undefined)?.records;
}

function packOf(url: URL, pack: Pack): URL {
  return new URL(`catalog/${pack.digest.slice(0, 16)}.json`, url);
}

interface Catalog {
  readonly format: unknown;
  readonly records: readonly CatalogEntry[];
  readonly older?: readonly Pack[];
  readonly resting?: Readonly<Record<string, Pack>>;
  readonly heads: Readonly<Record<string, { readonly id: string }>>;
  readonly main: Readonly<Record<string, string>>;
  readonly retracted: Readonly<Record<string, string>>;
}

interface Pack {
  readonly digest: string;
  readonly records: number;
}

interface CatalogEntry {
  readonly ref: Ref;
  readonly label: string;
  readonly series: string;
  readonly published: string;
  readonly parents: Readonly<Record<string, { readonly ref: Ref }>>;
  readonly facts: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

function entryOf(record: CatalogEntry, catalog: Catalog): Entry {
  const { kind, id } = record.ref;
  const parents = Object.entries(record.parents).map(([role, parent]) => [role, parent.ref] as const);
  return {
    kind,
    id,
    label: record.label,
    published: record.published,
    parents: Object.fromEntries(parents),
    facts: record.facts,
    notes: record.notes,
    isLatest: catalog.main[kind] === record.series && catalog.heads[record.series]?.id === id,
    retracted: catalog.retracted[`${kind}/${id}`],
  };
}

/** The records of a kind, what `latest` means first and then the newest. */
export function recordsOf(root: Root, kind: string): Entry[] {
  const found = root.entries.filter((entry) => entry.kind === kind && entry.retracted === undefined);
  const age = (entry: Entry) => (entry.isLatest ? Infinity : Date.parse(entry.published));
  return found.sort((a, b) => age(b) - age(a));
}

export function parentOf(root: Root, entry: Entry, role: string): Entry | undefined {
  const ref = entry.parents[role];
  return ref && root.entries.find((each) => each.kind === ref.kind && each.id === ref.id);
}

/** What people call a record. */
export function called(entry: Entry): string {
  const name = entry.label ? `${entry.label} (${entry.id})` : entry.id;
  return entry.isLatest ? `${name}, latest` : name;
}

export function placeOf(root: Root, ref: Ref): URL {
  return new URL(`${ref.kind}/${ref.id}/`, root.url);
}

const documents = new Map<string, Promise<RecordDocument>>();

/** The whole record; read once. */
export function recordOf(root: Root, ref: Ref): Promise<RecordDocument> {
  const { href } = new URL("record.json", placeOf(root, ref));
  let found = documents.get(href);
  if (!found) {
    found = fetchJson(href).then((document) => {
      if (!document)
        throw new Trouble(`${href} is not there, or may not be read, although the catalog names it`);
      return document as RecordDocument;
    });
    documents.set(href, found);
  }
  return found;
}

type Members = Readonly<Record<string, ArrayMetadata | GroupMetadata>>;
type Consolidated = GroupMetadata & { readonly consolidated_metadata?: { readonly metadata: Members } };

const stores = new Map<string, Promise<readonly StoredMap[]>>();

/** The maps of a record's Zarr store, such as `maps.zarr`; none where the record has no such store. Read once. */
export function mapsOf(root: Root, entry: Entry, store: string): Promise<readonly StoredMap[]> {
  const { href } = new URL(`${store}/`, placeOf(root, entry));
  let found = stores.get(href);
  if (!found) {
    found = readMaps(href, entry);
    stores.set(href, found);
  }
  return found;
}

async function readMaps(href: string, entry: Entry): Promise<readonly StoredMap[]> {
  const document = (await fetchJson(`${href}zarr.json`)) as Consolidated | undefined;
  if (!document) return [];
  const inner = document.consolidated_metadata?.metadata;
  if (!inner) throw new Trouble(`${href}zarr.json has no consolidated metadata`);
  const members: Members = { "": document, ...inner };
  const maps = new Map<string, StoredMap>();
  for (const levels of pyramids(members)) {
    for (const [name, raster] of rastersOf(href, members, levels)) {
      const { attributes } = raster.levels[0]!.metadata;
      const known = maps.get(name);
      maps.set(name, {
        name,
        // Units are told besides.
        longName: text(attributes["long_name"])?.replace(" (Eotvos)", "") ?? name,
        units: unitsOf(text(attributes["units"])),
        entry,
        on: { ...known?.on, [raster.grid]: raster },
      });
    }
  }
  return [...maps.values()];
}

/** Groups that are the same maps at several resolutions, the finest first; a group beside all of these is one alone. */
function pyramids(members: Members): string[][] {
  const groups = Object.keys(members).filter((path) => members[path]!.node_type === "group");
  const found = groups.flatMap((path) => {
    const layout = (members[path]!.attributes["multiscales"] as { layout?: { asset: string }[] } | undefined)
      ?.layout;
    return layout ? [layout.map(({ asset }) => joined(path, asset)).filter((each) => each in members)] : [];
  });
  const taken = new Set(found.flat());
  return [...found, ...groups.filter((path) => !taken.has(path)).map((path) => [path])];
}

/** The rasters of some groups of one kind of grid, by the name of the map. */
function rastersOf(href: string, members: Members, groups: readonly string[]): Map<string, Raster> {
  const rasters = new Map<string, Raster>();
  const first = groups[0];
  if (first === undefined) return rasters;
  for (const path of Object.keys(members)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const grid = path === joined(first, name) ? gridOf(members, first, members[path]!) : undefined;
    if (!grid) continue;
    const levels = groups.flatMap((group) => levelOf(href, members, group, name));
    if (levels[0]) {
      rasters.set(name, { id: `${href}${path}`, grid, levels, coding: codingOf(levels[0].metadata) });
    }
  }
  return rasters;
}

/** The kind of grid of an array in a group; nothing for what is no map in shards. */
function gridOf(members: Members, group: string, array: ArrayMetadata | GroupMetadata): Grid | undefined {
  if (array.node_type !== "array" || array.codecs[0]?.name !== "sharding_indexed") return undefined;
  const dimensions = array.dimension_names?.slice(-2).join();
  if (array.shape.length === 2 && dimensions === "lat,lon") return "latlon";
  if (array.shape.length !== 2 || dimensions !== "y,x") return undefined;
  const code = text(members[group]!.attributes["proj:code"]);
  return { "IAU_2015:30130": "north" as const, "IAU_2015:30135": "south" as const }[code ?? ""];
}

function levelOf(href: string, members: Members, group: string, name: string): Level[] {
  const metadata = members[joined(group, name)];
  if (metadata?.node_type !== "array") return [];
  const [rows, cols] = metadata.shape as [number, number];
  const pixel = (members[group]!.attributes["spatial:transform"] as number[] | undefined)?.[0];
  const shard = metadata.chunk_grid.configuration.chunk_shape[0]!;
  return [
    {
      url: `${href}${joined(group, name)}`,
      metadata,
      rows,
      cols,
      chunk: metadata.codecs[0]?.configuration?.chunk_shape?.[0] ?? shard,
      shard,
      // The global grid's pixel follows from its shape, to the last digit.
      perUnit: metadata.dimension_names?.[1] === "lon" ? cols / 360 : 1 / pixel!,
    },
  ];
}

/** What the numbers of an array mean, by its CF attributes. */
function codingOf({ attributes }: ArrayMetadata): Coding {
  const codes = (attributes["flag_masks"] ?? attributes["flag_values"] ?? []) as number[];
  const meanings = (text(attributes["flag_meanings"]) ?? "").split(" ");
  return {
    scale: number(attributes["scale_factor"]) ?? 1,
    offset: number(attributes["add_offset"]) ?? 0,
    fill: number(attributes["_FillValue"]),
    flags: new Map(codes.map((code, place) => [code, (meanings[place] ?? "").replaceAll("_", " ")])),
  };
}

function unitsOf(stored: string | undefined): string {
  const people: Readonly<Record<string, string>> = { percent: "wt%", "1e-9 s-2": "E", "1": "" };
  return stored === undefined ? "" : (people[stored] ?? stored);
}

function joined(group: string, name: string): string {
  return group ? `${group}/${name}` : name;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The reflectances of a mosaic: an array of bands before rows and columns. */
export interface Mosaic {
  readonly raster: Raster;
  readonly bands: number;
}

/** The mosaic of a record; nothing where its store is gone. */
export async function mosaicOf(root: Root, entry: Entry): Promise<Mosaic | undefined> {
  const { href } = new URL("mosaic.zarr/", placeOf(root, entry));
  const document = (await fetchJson(`${href}zarr.json`)) as Consolidated | undefined;
  const array = document?.consolidated_metadata?.metadata["reflectance"];
  if (array?.node_type !== "array") return undefined;
  const [bands, rows, cols] = array.shape as [number, number, number];
  const shard = array.chunk_grid.configuration.chunk_shape[1]!;
  const chunk = array.codecs[0]?.configuration?.chunk_shape?.[1] ?? shard;
  const url = `${href}reflectance`;
  const level = { url, metadata: array, rows, cols, chunk, shard, perUnit: cols / 360 };
  return { raster: { id: url, grid: "latlon", levels: [level], coding: codingOf(array) }, bands };
}
