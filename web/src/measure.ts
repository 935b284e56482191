/** Areas and lines on the map: drawn, measured, written as CSV. */

import Feature from "ol/Feature";
import LineString from "ol/geom/LineString";
import Polygon from "ol/geom/Polygon";
import Draw from "ol/interaction/Draw";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { type Axis, CHART, across, chart, path, up } from "./charts";
import { css, rgbaOf } from "./colours";
import { byId, csv, el, fill, row, save, svg, table } from "./dom";
import { pixelsIn } from "./levels";
import { type Point, toPlane } from "./moon";
import { coloursOf } from "./picture";
import { section } from "./panel";
import { type Raster, type StoredMap, called } from "./root";
import type { Scene } from "./scene";
import { type Shape, lengthOf, outline } from "./shape";
import { change, state } from "./state";
import { BARS, type Sample, type Statistics, profileOf, statisticsOf } from "./statistics";
import { map, sight } from "./view";
import { areaText, digitsOf, lengthText, round, typed } from "./words";
import { wordsOf } from "./requests";

const DARK = new Style({ stroke: new Stroke({ color: "#10141b", width: 4.5 }) });
const LIGHT = new Style({
  stroke: new Stroke({ color: "#ffd23f", width: 2 }),
  fill: new Fill({ color: "rgba(255, 210, 63, 0.12)" }),
});

const source = new VectorSource({ wrapX: true });
export const shapeLayer = new VectorLayer({ source, style: [DARK, LIGHT], className: "shape" });

let drawing: Draw | undefined;
let measured = "";

export function measureSection(): HTMLElement {
  const tool = (is: Shape["is"], label: string) =>
    el(
      "button",
      { type: "button", id: `draw-${is}`, "aria-pressed": "false", onclick: () => begin(is) },
      label,
    );
  return section("Measure", [
    el(
      "div",
      { class: "row" },
      tool("area", "Area"),
      tool("line", "Profile"),
      el("button", { type: "button", id: "clear", onclick: clear }, "Clear"),
    ),
    cornersInput(),
    el("div", { id: "measured", role: "status" }),
  ]);
}

/** The same by words: two places are a line, more an area. */
function cornersInput(): HTMLInputElement {
  const input = el("input", {
    id: "corners",
    type: "search",
    placeholder: "or corners: 0, 20; 0, 40; 15, 40",
    "aria-label": "Corners of an area, or ends of a line: latitude, longitude; latitude, longitude; ...",
    autocomplete: "off",
  });
  input.addEventListener("change", () => {
    const places = input.value.split(";").map((part) => part.split(",").map(typed));
    const points = places.flatMap(([lat, lon]): Point[] =>
      lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 ? [[lon, lat]] : [],
    );
    if (points.length < 2 || points.length < places.length) {
      fill(byId("measured"), el("p", { class: "hint" }, "Write degrees as latitude, longitude; and so on."));
    } else {
      change({ shape: { is: points.length === 2 ? "line" : "area", kind: "plate", points } });
    }
  });
  return input;
}

/** Whether the next click on the map belongs to a drawing. */
export function isDrawing(): boolean {
  return drawing !== undefined;
}

function begin(is: Shape["is"]): void {
  const wasDrawing = byId(`draw-${is}`).getAttribute("aria-pressed") === "true";
  stop();
  const { kind } = sight();
  if (wasDrawing) return;
  if (kind === "globe")
    return fill(
      byId("measured"),
      el("p", { class: "hint" }, "The globe turns while one draws: choose another view."),
    );
  byId(`draw-${is}`).setAttribute("aria-pressed", "true");
  fill(
    byId("measured"),
    el("p", { class: "hint" }, "Click the corners; a double click ends it, Escape gives it up."),
  );
  drawing = new Draw({ type: is === "area" ? "Polygon" : "LineString", style: [DARK, LIGHT] });
  drawing.on("drawend", ({ feature }) => {
    const geometry = feature.getGeometry();
    const drawn =
      geometry instanceof Polygon
        ? geometry.getCoordinates()[0]!.slice(0, -1)
        : (geometry as LineString).getCoordinates();
    const points = drawn.map(([x, y]): Point => [x!, y!]);
    // The click that ends it is no question about a place.
    setTimeout(stop);
    change({ shape: { is, kind, points } });
  });
  map.addInteraction(drawing);
}

/** End or give up drawing. */
export function stop(): void {
  if (drawing) map.removeInteraction(drawing);
  drawing = undefined;
  for (const is of ["area", "line"]) byId(`draw-${is}`).setAttribute("aria-pressed", "false");
}

function clear(): void {
  stop();
  change({ shape: undefined });
}

/** Draw the state's shape in the view that is shown. */
export function drawShape(): void {
  const { shape } = state();
  source.clear(true);
  if (!shape) return;
  const now = sight();
  const points = (
    now.kind === shape.kind
      ? shape.points
      : outline(shape).flatMap((place) => {
          const at = toPlane(now, place);
          return at ? [at] : [];
        })
  ).map((point) => [...point]);
  const isArea = shape.is === "area";
  source.addFeature(
    new Feature(isArea ? new Polygon([[...points, points[0]!]]) : new LineString(dense(shape, points))),
  );
}

/** Lines follow great circles also where they were drawn. */
function dense(shape: Shape, points: number[][]): number[][] {
  const now = sight();
  if (now.kind !== shape.kind) return points;
  return outline(shape).flatMap((place) => {
    const at = toPlane(now, place);
    return at ? [[...at]] : [];
  });
}

/** Measure the state's shape, unless that is what is shown. */
export async function measure(scene: Scene): Promise<void> {
  const { shape } = state();
  const { range, palette } = coloursOf(scene, { ...state(), how: "swipe" });
  const key = JSON.stringify([shape, scene.map.name, scene.entry.id, scene.other?.entry.id, range, palette]);
  if (key === measured) return;
  measured = key;
  const box = byId("measured");
  if (!shape) return fill(box);
  fill(box, el("p", { class: "hint" }, "Reading …"));
  try {
    const maps = [scene.map, ...(scene.other ? [scene.other.map] : [])];
    const content =
      shape.is === "area"
        ? await areaContent(maps, shape, range, palette, scene)
        : await lineContent(maps, shape, scene);
    if (key === measured) fill(box, ...content);
  } catch (error) {
    if (key === measured) fill(box, el("p", { class: "flags" }, wordsOf(error)));
  }
}

async function areaContent(
  maps: readonly StoredMap[],
  area: Shape,
  range: readonly [number, number],
  palette: string,
  scene: Scene,
): Promise<Element[]> {
  const found = await Promise.all(
    maps.map(async (each) => ({
      of: each,
      raster: each.on.latlon!,
      got: await statisticsOf(each.on.latlon!, area, range),
    })),
  );
  const rows: [string, (got: Statistics) => string][] = [
    ["mean", ({ mean }) => number(mean)],
    ["standard deviation", ({ deviation }) => number(deviation)],
    ["least … greatest", ({ least, most }) => `${number(least)} … ${number(most)}`],
    ["area with values", ({ km2 }) => areaText(km2)],
    [
      "pixels",
      ({ pixels, missing }) =>
        `${pixels.toLocaleString("en")}${missing ? `, ${missing.toLocaleString("en")} missing` : ""}`,
    ],
  ];
  const digits = digitsOf(found[0]!.raster.coding.scale) + 1;
  const number = (value: number | undefined) =>
    value === undefined ? "none" : value.toFixed(digits).replace("-", "\u2212");
  const { raster, got } = found[0]!;
  return [
    table(
      {
        id: "statistics",
        "data-mean": got.mean ?? "",
        "data-deviation": got.deviation ?? "",
        "data-pixels": got.pixels,
        "data-km2": got.km2,
      },
      [scene.look.label, ...found.map(({ of }) => (found.length > 1 ? of.entry.id.slice(0, 6) : ""))],
      rows.map(([name, say]) => row({}, name, ...found.map((each) => say(each.got)))),
    ),
    el("p", { class: "hint" }, `Weighted by area, ${levelText(raster, got.level)}.`),
    histogram(got, range, palette, scene.look.label),
    el(
      "button",
      {
        type: "button",
        id: "area-csv",
        onclick: () =>
          save(
            "area.csv",
            areaCsv(
              found.map(({ of, got }) => ({ of, got })),
              range,
            ),
          ),
      },
      "CSV",
    ),
  ];
}

function levelText(raster: Raster, level: number): string {
  return level
    ? `from means of ${pixelsIn(raster, level)} pixels (level ${level}), since the area is large`
    : "at full resolution";
}

function histogram(
  { bars, km2 }: Statistics,
  range: readonly [number, number],
  palette: string,
  label: string,
): Element {
  const x: Axis = { label, least: range[0], most: range[1] };
  const most = Math.max(...bars);
  const y: Axis = { label: "area (%)", least: 0, most: ((100 * most) / km2) * 1.05 || 1 };
  const rgba = rgbaOf(palette);
  const wide = (CHART.width - CHART.left - CHART.right) / BARS;
  const described = `Histogram of ${label}; most of the area, ${round((100 * most) / km2)} per cent, in the bar from ${round(barFrom(bars.indexOf(most), range))}`;
  return chart(
    x,
    y,
    described,
    ...bars.map((area, bar) => {
      const top = up(y, (100 * area) / km2);
      return svg("rect", {
        x: across(x, barFrom(bar, range)),
        y: top,
        width: wide,
        height: up(y, 0) - top,
        fill: css(rgba, bar * 8 + 4),
      });
    }),
  );
}

function barFrom(bar: number, [least, most]: readonly [number, number]): number {
  return least + ((most - least) * bar) / BARS;
}

function areaCsv(
  found: readonly { of: StoredMap; got: Statistics }[],
  range: readonly [number, number],
): Blob {
  return csv([
    [
      "record",
      "map",
      "units",
      "level",
      "pixels",
      "missing",
      "area_km2",
      "mean",
      "standard_deviation",
      "least",
      "greatest",
    ],
    ...found.map(({ of, got }) => [
      `${of.entry.kind}/${of.entry.id}`,
      of.name,
      of.units,
      got.level,
      got.pixels,
      got.missing,
      got.km2,
      got.mean,
      got.deviation,
      got.least,
      got.most,
    ]),
    [],
    ["from", "to", ...found.map(({ of }) => `area_km2 ${of.entry.id}`)],
    ...Array.from({ length: BARS }, (_, bar) => [
      barFrom(bar, range),
      barFrom(bar + 1, range),
      ...found.map(({ got }) => got.bars[bar]),
    ]),
  ]);
}

async function lineContent(maps: readonly StoredMap[], line: Shape, scene: Scene): Promise<Element[]> {
  const found = await Promise.all(
    maps.map(async (each) => ({ of: each, ...(await profileOf(each.on.latlon!, line)) })),
  );
  const values = found
    .flatMap(({ samples }) => samples.map(({ value }) => value))
    .filter((value) => value !== undefined);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least) * 0.05 || 0.5;
  const x: Axis = { label: "distance (km)", least: 0, most: found[0]!.samples.at(-1)?.km || 1 };
  const y: Axis = { label: scene.look.label, least: least - room, most: most + room };
  const drawn = (samples: readonly Sample[]) =>
    path(
      samples.map(({ km, value }) =>
        value === undefined ? undefined : ([across(x, km), up(y, value)] as const),
      ),
    );
  return [
    el(
      "p",
      {},
      `${lengthText(lengthOf(line))}, ${found[0]!.samples.length} samples ${levelText(found[0]!.of.on.latlon!, found[0]!.level)}`,
    ),
    ...(values.length
      ? [
          chart(
            x,
            y,
            `Profile of ${scene.look.label} from ${round(least)} to ${round(most)}`,
            ...found.map(({ samples }, each) =>
              svg("path", { d: drawn(samples), class: each ? "curve second" : "curve" }),
            ),
          ),
        ]
      : [el("p", {}, "All of it is missing.")]),
    ...(found.length > 1
      ? [
          el(
            "p",
            { class: "hint" },
            `Solid: ${called(found[0]!.of.entry)}; dashed: ${called(found[1]!.of.entry)}.`,
          ),
        ]
      : []),
    el(
      "button",
      {
        type: "button",
        id: "line-csv",
        onclick: () =>
          save(
            "profile.csv",
            csv([
              ["km", "lat", "lon", ...found.map(({ of }) => `${of.name} ${of.entry.id}`)],
              ...found[0]!.samples.map(({ km, place, value }, at) => [
                km,
                place.lat,
                place.lon,
                value,
                ...found.slice(1).map(({ samples }) => samples[at]?.value),
              ]),
            ]),
          ),
      },
      "CSV",
    ),
  ];
}
