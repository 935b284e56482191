/** Going to a place by its name or its coordinates. */

import { byId, el, fill } from "./dom";
import { type Place, wrap } from "./moon";
import { section } from "./panel";
import { change } from "./state";
import { NAMES } from "./tables";
import { goTo } from "./view";
import { typed } from "./words";

// Of a place without a size, km.
const AROUND_KM = 200;

interface Known extends Place {
  readonly name: string;
  readonly diameterKm?: number;
}

/** A field that finds names of features and stations, and `lat, lon`. */
export function searchSection(stations: () => readonly (Place & { readonly site: string })[]): HTMLElement {
  const known = (): Known[] => [
    ...NAMES,
    ...stations().map(({ site, lat, lon }) => ({ name: site, lat, lon })),
  ];
  const input = el("input", {
    id: "search",
    type: "search",
    list: "names",
    placeholder: "Tycho, or −43.3, −11.2",
    "aria-label": "Name, or latitude and longitude in degrees",
    autocomplete: "off",
  });
  const said = el("p", { class: "hint", role: "status" });
  const go = () => {
    const found = placeOf(input.value, known());
    fill(said, found ? "" : `There is no ${input.value.trim()} in the table of ${known().length} names.`);
    if (!found) return;
    goTo(found, found.diameterKm ?? AROUND_KM);
    change({ place: { lon: found.lon, lat: found.lat } });
  };
  input.addEventListener("focus", () =>
    fill(byId("names"), ...known().map(({ name }) => el("option", { value: name }))),
  );
  input.addEventListener("change", () => input.value.trim() && go());
  return section("Find", [input, el("datalist", { id: "names" }), said]);
}

/** The place that a person means: a name, its beginning, or two numbers. */
function placeOf(text: string, known: readonly Known[]): Known | undefined {
  const wanted = text.trim().toLowerCase();
  const parts = wanted.split(/[,;]\s*|\s+/).map(typed);
  const [lat, lon] = parts;
  if (parts.length === 2 && lat !== undefined && lon !== undefined && Math.abs(lat) <= 90)
    return { name: text, lat, lon: wrap(lon) };
  const named = known.map((each) => [each.name.toLowerCase(), each] as const);
  const fits = [
    (name: string) => name === wanted,
    (name: string) => name.startsWith(wanted),
    (name: string) => name.includes(wanted),
  ];
  return fits.flatMap((fit) => named.filter(([name]) => fit(name)))[0]?.[1];
}
