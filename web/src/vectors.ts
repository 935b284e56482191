/** Lines and letters over the map: graticule, names, stations, what a person draws. */

import Feature from "ol/Feature";
import LineString from "ol/geom/LineString";
import OlPoint from "ol/geom/Point";
import type Geometry from "ol/geom/Geometry";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import CircleStyle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";
import {
  METRES_A_DEGREE,
  type Place,
  type Point,
  type Sight,
  metresAPixel,
  toPlace,
  toPlane,
  wrap,
} from "./moon";
import type { Overlay } from "./state";
import { NAMES } from "./tables";
import { size } from "./view";

export interface Station extends Place {
  readonly site: string;
}

// Lines that are as far apart as a hand can be put between, in these steps of degrees.
const STEPS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 45] as const;
const WANTED_PX = 110;
// A name is written where its feature is at least as wide.
const NAMED_PX = 14;
const MOST_NAMES = 60;

// Degrees of arc in the plane of the globe, which ends at 57.3.
const LIMB = 54;

const INK = "#10141b";
const PAPER = "rgba(255, 255, 255, 0.92)";
// A dark line below a light one: seen on any palette.
const LINES = [
  new Style({ stroke: new Stroke({ color: "rgba(10, 14, 20, 0.28)", width: 2 }) }),
  new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.5)", width: 0.8 }) }),
];
const MARK = new Style({
  image: new CircleStyle({ radius: 7, stroke: new Stroke({ color: "#fff", width: 3.5 }) }),
});
const MARK_INSIDE = new Style({
  image: new CircleStyle({ radius: 7, stroke: new Stroke({ color: INK, width: 1.6 }) }),
});

const STATION = new Style({
  image: new CircleStyle({
    radius: 3.5,
    fill: new Fill({ color: "#fff" }),
    stroke: new Stroke({ color: INK, width: 1.5 }),
  }),
});

const still = source();
const moving = source();
export const lines = new VectorLayer({ source: still, className: "lines", updateWhileInteracting: true });
export const letters = new VectorLayer({
  source: moving,
  className: "letters",
  declutter: true,
  updateWhileInteracting: true,
});

function source(): VectorSource {
  return new VectorSource({ wrapX: true });
}

/** What is drawn, apart from what the sight decides. */
export interface Drawing {
  readonly shown: ReadonlySet<Overlay>;
  readonly stations: readonly Station[];
  readonly place: Place | undefined;
}

/** Draw all lines and letters of a sight. */
export function drawVectors(sight: Sight, { shown, stations, place }: Drawing): void {
  const step = stepOf(sight);
  still.clear(true);
  still.addFeatures([
    ...(shown.has("graticule") ? graticule(sight, step) : []),
    // Names give way to each other, places do not.
    ...(shown.has("stations") ? stations.flatMap((each) => styled(sight, each, STATION)) : []),
    ...(place ? [styled(sight, place, MARK), styled(sight, place, MARK_INSIDE)].flat() : []),
  ]);
  moving.clear(true);
  moving.addFeatures([
    ...(shown.has("stations")
      ? stations.flatMap((each) => styled(sight, each, stationStyle(each.site)))
      : []),
    ...(shown.has("names") ? names(sight) : []),
    ...(shown.has("graticule") ? gridLabels(sight, step) : []),
  ]);
}

function styled(sight: Sight, place: Place, style: Style): Feature<Geometry>[] {
  const at = toPlane(sight, place);
  // At the edge of the globe letters would hang over it.
  if (!at || (sight.kind === "globe" && Math.hypot(at[0] - sight.x, at[1] - sight.y) > LIMB)) return [];
  const feature = new Feature<Geometry>(new OlPoint([...at]));
  feature.setStyle(style);
  return [feature];
}

/** The step of the graticule: as the middle of a polar view has its parallels. */
function stepOf(sight: Sight): number {
  const degrees =
    (WANTED_PX * metresAPixel({ ...sight, ...(sight.kind === "plate" && { y: 0 }) })) / METRES_A_DEGREE;
  return STEPS.find((step) => step >= degrees) ?? 45;
}

function graticule(sight: Sight, step: number): Feature<Geometry>[] {
  const parts = sight.kind === "plate" ? 2 : 90;
  const along = (from: Place, to: Place) =>
    runs(
      Array.from({ length: parts + 1 }, (_, part) => {
        const t = part / parts;
        return toPlane(sight, {
          lon: from.lon + t * (to.lon - from.lon),
          lat: from.lat + t * (to.lat - from.lat),
        });
      }),
    );
  const { west, east, south, north } = bounds(sight, step);
  const found: Point[][] = [];
  for (let lat = south; lat <= north; lat += step) {
    if (Math.abs(lat) < 90) found.push(...along({ lon: west, lat }, { lon: east, lat }));
  }
  for (let lon = west; lon < east; lon += step) {
    // Meridians that all meet would make the pole white: every third goes to it.
    const end = sight.kind === "plate" || lon % (3 * step) === 0 ? 90 : 90 - step;
    found.push(...along({ lon, lat: Math.max(south, -end) }, { lon, lat: Math.min(north, end) }));
  }
  return found.map((points) => {
    const feature = new Feature<Geometry>(new LineString(points.map((point) => [...point])));
    feature.setStyle(LINES);
    return feature;
  });
}

/** Whole steps around what is seen: all longitudes where a pole or the whole Moon is near. */
function bounds(sight: Sight, step: number): { west: number; east: number; south: number; north: number } {
  const down = (value: number) => Math.floor(value / step) * step;
  if (sight.kind === "plate") {
    const { width, height } = size();
    const [halfX, halfY] = [(width / 2) * sight.resolution, (height / 2) * sight.resolution];
    // The layer repeats what lies in the first world.
    const isNarrow = halfX < 90;
    return {
      west: isNarrow ? down(sight.x - halfX) : -180,
      east: isNarrow ? down(sight.x + halfX) + 2 * step : 180,
      south: Math.max(-90, down(sight.y - halfY)),
      north: Math.min(90, down(sight.y + halfY) + step),
    };
  }
  const middle = toPlace(sight, [sight.x, sight.y]) ?? { lon: 0, lat: 0 };
  const { width, height } = size();
  const reach = (Math.hypot(width, height) / 2) * (metresAPixel(sight) / METRES_A_DEGREE) * 1.6;
  const [south, north] = [
    Math.max(-90, down(middle.lat - reach)),
    Math.min(90, down(middle.lat + reach) + step),
  ];
  const isRound = Math.abs(middle.lat) + reach > 80 || reach > 60;
  const wide = isRound
    ? 180
    : Math.min(180, reach / Math.cos((Math.abs(middle.lat) + reach) * (Math.PI / 180)));
  return wide >= 170
    ? { west: -180, east: 180, south, north }
    : { west: down(middle.lon - wide), east: down(middle.lon + wide) + step, south, north };
}

/** Lines without the points that are not seen: a line ends there. */
function runs(points: readonly (Point | undefined)[]): Point[][] {
  const found: Point[][] = [[]];
  for (const point of points) {
    if (point) found.at(-1)!.push(point);
    else if (found.at(-1)!.length) found.push([]);
  }
  return found.filter((run) => run.length > 1);
}

/** Degrees at the lines that cross nearest to the middle. */
function gridLabels(sight: Sight, step: number): Feature<Geometry>[] {
  const middle = toPlace(sight, [sight.x, sight.y]);
  if (!middle) return [];
  const { west, east, south, north } = bounds(sight, step);
  const near = (value: number) => Math.round(value / step) * step;
  const lat0 = Math.max(-90 + step, Math.min(90 - step, near(middle.lat)));
  const lon0 = near(middle.lon);
  // Around a pole all meridians meet.
  const isCrowded = sight.kind !== "plate" && Math.abs(lat0) > 60;
  const labels: Feature<Geometry>[] = [];
  for (let lat = south; lat <= north; lat += step) {
    if (Math.abs(lat) < 90)
      labels.push(
        ...styled(
          sight,
          { lon: lon0, lat },
          gridStyle(`${degrees(lat)}°${lat < 0 ? "S" : lat > 0 ? "N" : ""}`),
        ),
      );
  }
  for (let lon = west; lon < east; lon += step) {
    const of = wrap(lon);
    if (isCrowded && Math.round(lon / step) % 3) continue;
    if (lon !== lon0)
      labels.push(
        ...styled(sight, { lon, lat: lat0 }, gridStyle(`${degrees(of)}°${of < 0 ? "W" : of > 0 ? "E" : ""}`)),
      );
  }
  return labels;
}

function degrees(value: number): string {
  return String(Math.abs(Number(value.toFixed(2))));
}

function names(sight: Sight): Feature<Geometry>[] {
  const pixel = metresAPixel(sight.kind === "plate" ? { ...sight, y: 0 } : sight);
  const wide = NAMES.filter(({ diameterKm }) => (diameterKm * 1000) / pixel > NAMED_PX);
  return wide
    .slice(0, MOST_NAMES)
    .flatMap(({ name, lon, lat, diameterKm }) =>
      styled(sight, { lon, lat }, nameStyle(name, (diameterKm * 1000) / pixel)),
    );
}

const styles = new Map<string, Style>();

function once(key: string, make: () => Style): Style {
  let found = styles.get(key);
  if (!found) styles.set(key, (found = make()));
  return found;
}

function nameStyle(name: string, pixels: number): Style {
  const large = pixels > 120;
  return once(
    `${name}${large}`,
    () => new Style({ text: letter(name, large ? "italic 600" : "italic", large ? 13 : 12) }),
  );
}

function gridStyle(text: string): Style {
  return once(text, () => new Style({ text: letter(text, "", 10, "rgba(255, 255, 255, 0.75)"), zIndex: -1 }));
}

function stationStyle(site: string): Style {
  return once(`station ${site}`, () => new Style({ text: letter(site, "", 11, PAPER, 11) }));
}

/** Letters as large as those of the page, whose usual size is 13. */
function letter(text: string, style: string, size: number, color = PAPER, offset = 0): Text {
  const larger = parseFloat(getComputedStyle(document.documentElement).fontSize) / 13;
  return new Text({
    text,
    font: `${style} ${size * larger}px system-ui, sans-serif`.trim(),
    offsetY: offset * larger,
    fill: new Fill({ color }),
    stroke: new Stroke({ color: "rgba(10, 14, 20, 0.75)", width: 2.6 }),
  });
}
