/** The map on the screen: OpenLayers moves it and draws lines and letters, each kind of view with its own projection. */

import OlMap from "ol/Map";
import View from "ol/View";
import { defaults as interactions } from "ol/interaction/defaults";
import type BaseLayer from "ol/layer/Base";
import Projection from "ol/proj/Projection";
import { byId } from "./dom";
import type { Size } from "./levels";
import {
  METRES_A_DEGREE,
  RADIUS_M,
  type Kind,
  type Place,
  type Point,
  type Sight,
  isPole,
  metresAPixel,
  toPlace,
  toPlane,
} from "./moon";

// Metres of a screen pixel at the closest; the finest maps have pixels of 100.
const CLOSEST_M = 8;
/** Half the edge of a polar view, metres: to the equator. */
const POLAR_REACH_M = 2 * RADIUS_M;
// How far a polar view shows at first: the latitude at which polar maps end, degrees.
const POLAR_START = 60;
// Latitude from which a plate shows less than a pole's map, degrees.
const TORN = 75;

const PROJECTIONS: Readonly<Record<Kind, Projection>> = {
  // Of a whole Moon that goes on at the seam.
  plate: projection("IAU_2015:30100", "degrees", 180, true),
  north: projection("IAU_2015:30130", "m", POLAR_REACH_M, false),
  south: projection("IAU_2015:30135", "m", POLAR_REACH_M, false),
  globe: projection("globe", "degrees", 1e6, false),
};

/** A projection of the Moon: OpenLayers' own know the Earth's radius. */
function projection(code: string, units: "degrees" | "m", reach: number, isGlobal: boolean): Projection {
  const up = isGlobal ? reach / 2 : reach;
  return new Projection({
    code,
    units,
    extent: [-reach, -up, reach, up],
    global: isGlobal,
    metersPerUnit: units === "degrees" ? METRES_A_DEGREE : 1,
    getPointResolution: (resolution) => resolution,
  });
}

export const map = new OlMap({
  target: byId("map"),
  controls: [],
  keyboardEventTarget: byId("map"),
  interactions: interactions({ altShiftDragRotate: false, pinchRotate: false }),
});

/** The kind of the view that is shown. */
let kind: Kind = "plate";

export function addLayer(layer: BaseLayer): void {
  map.addLayer(layer);
}

export function size(): Size {
  const [width, height] = map.getSize() ?? [1, 1];
  return { width: width!, height: height! };
}

/** What is seen now. */
export function sight(): Sight {
  const view = map.getView();
  const [x, y] = view.getCenter() ?? [0, 0];
  return { kind, x: x!, y: y!, resolution: view.getResolution() ?? 1 };
}

/** Show a sight. */
export function show(wanted: Sight): void {
  if (wanted.kind !== kind || !map.getView().isDef()) {
    kind = wanted.kind;
    map.setView(viewOf(wanted));
  }
  const view = map.getView();
  view.setCenter([wanted.x, wanted.y]);
  view.setResolution(wanted.resolution);
}

function viewOf({ kind, x, y, resolution }: Sight): View {
  const unit = isPole(kind) ? 1 : METRES_A_DEGREE;
  const most = isPole(kind) ? POLAR_REACH_M : 180;
  return new View({
    projection: PROJECTIONS[kind],
    center: [x, y],
    resolution,
    // Longitudes have no end; latitudes and polar maps do.
    multiWorld: true,
    extent: isPole(kind) ? [-most, -most, most, most] : [-1e6, -90, 1e6, 90],
    constrainOnlyCenter: true,
    smoothExtentConstraint: false,
    minResolution: CLOSEST_M / unit,
    maxResolution: (2 * most) / 200,
    enableRotation: false,
  });
}

/** The first sight of a kind: the whole Moon, or a pole as far as its maps reach. */
export function wholeSight(of: Kind): Sight {
  const { width, height } = size();
  const least = Math.min(width, height);
  switch (of) {
    case "plate":
      return { kind: of, x: 0, y: 0, resolution: Math.max(360 / width, 180 / height) };
    case "globe":
      // A circle of two radii across, and a little space around it.
      return { kind: of, x: 0, y: 0, resolution: 360 / Math.PI / (0.94 * least) };
    default: {
      const edge = toPlane(
        { kind: of, x: 0, y: 0 },
        { lon: 90, lat: of === "north" ? POLAR_START : -POLAR_START },
      )!;
      return { kind: of, x: 0, y: 0, resolution: (2 * edge[0]) / least };
    }
  }
}

/** The sight of another kind that shows the same place as large, where that kind shows it at all. */
export function sameIn(of: Kind, before: Sight): Sight {
  const whole = wholeSight(of);
  const middle = toPlace(before, [before.x, before.y]);
  if (!middle) return whole;
  if (of === "globe" && before.kind === "plate" && before.resolution >= wholeSight("plate").resolution / 2) {
    return { ...whole, x: middle.lon, y: middle.lat };
  }
  // Where a pole's maps end is too far from it to be looked at from above.
  if (isPole(of) && (of === "north" ? middle.lat : -middle.lat) < POLAR_START) return whole;
  const at: Point | undefined =
    of === "globe" ? [middle.lon, middle.lat] : toPlane({ kind: of, x: 0, y: 0 }, middle);
  if (!at) return whole;
  const next: Sight = { kind: of, x: at[0], y: at[1], resolution: whole.resolution };
  const resolution = (whole.resolution * metresAPixel(before)) / metresAPixel(next);
  return { ...next, resolution: Math.min(whole.resolution, resolution) };
}

/** The place below a pixel of the map's element. */
export function placeAt(pixel: readonly number[]): Place | undefined {
  const now = sight();
  const { width, height } = size();
  const x = now.x + (pixel[0]! - width / 2) * now.resolution;
  const y = now.y - (pixel[1]! - height / 2) * now.resolution;
  return toPlace(now, [x, y]);
}

/** The kind of view that shows a place well: the one that is shown, where it does. */
function kindFor({ lat }: Place): Kind {
  const pole = lat > 0 ? "north" : "south";
  // A plate is torn apart at the poles.
  if (kind === "plate") return Math.abs(lat) > TORN ? pole : kind;
  if (isPole(kind)) return kind === pole && Math.abs(lat) > POLAR_START ? kind : "plate";
  return kind;
}

/** Go to a place, close enough to see something of a diameter. */
export function goTo(place: Place, diameterKm: number): void {
  const { width, height } = size();
  const metres = (diameterKm * 1000 * 2.5) / Math.min(width, height);
  const of = kindFor(place);
  const at = of === "globe" ? ([place.lon, place.lat] as const) : toPlane({ kind: of, x: 0, y: 0 }, place)!;
  const unit = { kind: of, x: at[0], y: at[1], resolution: 1 };
  show({ ...unit, resolution: Math.max(metres, 2 * CLOSEST_M) / metresAPixel(unit) });
}

/** Come closer by a factor, or go farther away by one below 1. */
export function zoom(factor: number): void {
  const now = sight();
  map.getView().animate({
    resolution: map.getView().getConstrainedResolution(now.resolution / factor) ?? now.resolution,
    duration: 150,
  });
}

/** Whether the view moves right now. */
export function isMoving(): boolean {
  return map.getView().getAnimating() || map.getView().getInteracting();
}
