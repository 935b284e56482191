/** The stations that a run's model was fitted to. */

import { fetchObject } from "./requests";
import { type Entry, type Root, parentOf, placeOf, recordsOf } from "./root";
import { wrap } from "./moon";
import type { Station } from "./vectors";

const OXIDES = ["feo", "tio2", "al2o3", "mgo", "cao"] as const;

export interface MeasuredStation extends Station {
  /** wt% by oxide, of those that are known. */
  readonly oxides: Readonly<Record<string, number>>;
}

/** The stations of the model behind a record, or of the newest one. */
export async function stationsOf(root: Root, entry: Entry): Promise<MeasuredStation[]> {
  const model = parentOf(root, entry, "model") ?? recordsOf(root, "models")[0];
  if (!model) return [];
  const response = await fetchObject(new Request(new URL("stations.csv", placeOf(root, model))));
  return response.status === 404 ? [] : parsed(await response.text());
}

function parsed(text: string): MeasuredStation[] {
  const [head, ...rows] = cells(text);
  if (!head) return [];
  const at = (row: readonly string[], name: string) => row[head.indexOf(name)] ?? "";
  return rows.map((row) => ({
    site: at(row, "site"),
    lat: Number(at(row, "lat")),
    lon: wrap(Number(at(row, "lon"))),
    oxides: Object.fromEntries(
      OXIDES.filter((name) => at(row, name) !== "").map((name) => [name, Number(at(row, name))]),
    ),
  }));
}

/** The cells of a CSV (RFC 4180), without lines that begin with `#`. */
export function cells(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 1 && !row[0]!.startsWith("#"));
}
