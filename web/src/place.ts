/** The panel of a place: why this pixel is as it is. */

import { type Axis, across, chart, path, up } from "./charts";
import { type Child, byId, el, fill, row, svg, table } from "./dom";
import {
  type Origin,
  type Row,
  type Spectrum,
  type Value,
  classesAt,
  featureAt,
  nearest,
  originOf,
  qualityAt,
  rowsAt,
  spectrumAt,
  valueAt,
} from "./inspect";
import type { Place } from "./moon";
import { type Entry, called } from "./root";
import type { Scene } from "./scene";
import { similarPart } from "./similar";
import { change } from "./state";
import type { MeasuredStation } from "./stations";
import { MAPS } from "./tables";
import { lengthText, placeText, round, valueText, withChance } from "./words";
import { wordsOf } from "./requests";

let asked = 0;

/** Show what is known of a place. */
export async function showPlace(
  scene: Scene,
  place: Place | undefined,
  stations: readonly MeasuredStation[],
): Promise<void> {
  const panel = byId("place");
  const mine = ++asked;
  panel.hidden = place === undefined;
  if (!place) return;
  if (!panel.firstChild) fill(panel, el("p", {}, "Reading …"));
  try {
    const content = await contentOf(scene, place, stations);
    // Another place may have been asked about meanwhile.
    if (mine !== asked) return;
    fill(panel, ...content);
    byId("spoken").textContent =
      `${scene.look.label}: ${panel.querySelector("#place-value")?.textContent ?? "missing"}, ${placeText(place)}`;
  } catch (error) {
    if (mine === asked) fill(panel, header(place), el("p", { class: "flags" }, wordsOf(error)));
  }
}

async function contentOf(scene: Scene, place: Place, stations: readonly MeasuredStation[]): Promise<Child[]> {
  const isRun = scene.entry.kind === "runs";
  const [rows, quality, origin, classes] = await Promise.all([
    rowsAt(scene.maps, place),
    scene.quality && qualityAt(scene.quality, place),
    isRun ? originOf(scene.root, scene.map, place) : undefined,
    classesAt(scene.candidates, place),
  ]);
  const spectrum = origin && (await spectrumAt(scene.root, origin, place));
  // What says how sure another map is has no row of its own.
  const main = rows.find(({ map }) => map.name === scene.map.name) ?? (await valueAt(scene.map, place));
  return [
    header(place),
    el("p", { class: "hint" }, whereText(place)),
    main && el("p", { class: "big", id: "place-value" }, rowText(main)),
    main && el("p", { class: "hint" }, `${scene.look.label}, the pixel at full resolution`),
    quality && qualityPart(quality),
    classes.length > 0 && el("p", { class: "flags", id: "class" }, `Candidate: ${classes.join(", ")}`),
    spectrum && spectrumPart(spectrum),
    el("h3", {}, "All maps here"),
    rowsPart(rows, scene.map.name),
    isRun && similarPart(rows, place),
    stations.length > 0 && stationsPart(stations, place),
    el("h3", {}, "Where it comes from"),
    originPart(scene.entry, origin, scene.record.finished),
  ];
}

function header(place: Place): HTMLElement {
  return el(
    "header",
    {},
    el("h2", {}, placeText(place)),
    el(
      "button",
      { type: "button", id: "close", "aria-label": "Close", onclick: () => change({ place: undefined }) },
      "✕",
    ),
  );
}

function whereText(place: Place): string {
  const { what, km, isInside } = featureAt(place);
  return isInside
    ? `In ${what.name}, ${lengthText(km * 1000)} from its middle`
    : `${lengthText(km * 1000)} from ${what.name}`;
}

/** A value as `7.156 ± 0.030 wt%`. */
function rowText({ map, raster, value, chance }: Value & { readonly chance?: number | undefined }): string {
  if (value === undefined) return "missing";
  const number = chance ? withChance(value, chance) : valueText(value, raster.coding.scale);
  return `${number} ${map.units}`.trim();
}

function qualityPart(flags: readonly string[]): HTMLElement {
  return flags.length
    ? el(
        "ul",
        { class: "flags", id: "quality", "aria-label": "Quality" },
        ...flags.map((flag) => el("li", {}, flag)),
      )
    : el("p", { class: "flags fine", id: "quality" }, "Quality: nothing to say against this pixel.");
}

function rowsPart(rows: readonly Row[], shown: string): HTMLElement {
  const all = rows.map((each) => {
    const attributes = {
      "data-map": each.map.name,
      ...(each.value !== undefined && { "data-value": each.value }),
      ...(each.map.name === shown && { class: "shown" }),
    };
    const half = each.half95 === undefined ? "" : `± ${round(each.half95)}`;
    return row(attributes, shortName(each), rowText(each), half);
  });
  return table({ id: "rows" }, ["Map", "value ± chance", "95 %"], all);
}

function shortName({ map }: Row): string {
  const row = MAPS[map.name];
  const method = { cnn: ", network", equation: ", equation" }[row?.method ?? ""] ?? "";
  return row ? row.label.replace(/ \(.*\)$/, "") + (map.name.startsWith("omat") ? "" : method) : map.longName;
}

function spectrumPart({ wavelengthsNm, reflectances }: Spectrum): HTMLElement {
  const known = reflectances.filter((each) => each !== undefined);
  if (!known.length) return el("p", {}, "No band was measured here.");
  const x: Axis = {
    label: "wavelength (nm)",
    least: Math.min(...wavelengthsNm) - 30,
    most: Math.max(...wavelengthsNm) + 30,
  };
  const least = Math.min(...known);
  const most = Math.max(...known);
  const room = Math.max(0.01, (most - least) * 0.15);
  const y: Axis = { label: "reflectance", least: Math.max(0, least - room), most: most + room };
  const points = reflectances.map((value, band) =>
    value === undefined ? undefined : ([across(x, wavelengthsNm[band]!), up(y, value)] as const),
  );
  const words = reflectances
    .map((value, band) => `${wavelengthsNm[band]} nm ${value === undefined ? "missing" : value.toFixed(4)}`)
    .join(", ");
  return el(
    "div",
    { id: "spectrum", "data-values": JSON.stringify(reflectances.map((each) => each ?? null)) },
    el("h3", {}, "Spectrum"),
    chart(
      x,
      y,
      `Reflectance: ${words}`,
      svg("path", { d: path(points), class: "curve" }),
      ...points.map(
        (point, band) =>
          point &&
          svg(
            "circle",
            { cx: point[0], cy: point[1], r: 3, class: "dot" },
            svg("title", {}, `${wavelengthsNm[band]} nm: ${reflectances[band]!.toFixed(4)}`),
          ),
      ),
    ),
  );
}

function stationsPart(stations: readonly MeasuredStation[], place: Place): HTMLElement {
  const known = (value: number | undefined) => (value === undefined ? "" : round(value));
  const rows = nearest(stations, place, 3).map(({ what: { site, oxides }, km }) =>
    row({}, site, known(oxides["feo"]), known(oxides["tio2"]), lengthText(km * 1000)),
  );
  const titles = ["Station", "FeO, wt%", "TiO2, wt%", "distance"];
  return el("div", {}, el("h3", {}, "Nearest stations"), table({ id: "nearest" }, titles, rows));
}

function originPart(entry: Entry, origin: Origin | undefined, finished: string): HTMLElement {
  const rows: [string, string | undefined][] = [
    [{ runs: "run", gravity: "gravity" }[entry.kind] ?? entry.kind, called(entry)],
    ["finished", finished.slice(0, 16).replace("T", " ")],
    ["model", origin?.model && called(origin.model.entry)],
    ["mosaic", origin?.mosaic && called(origin.mosaic.entry)],
    ["lies in tile", origin?.tile],
    ["note", entry.notes.join("; ") || undefined],
  ];
  return el(
    "dl",
    { id: "origin" },
    ...rows.flatMap(([name, value]) =>
      value === undefined ? [] : [el("dt", {}, name), el("dd", {}, value)],
    ),
  );
}
