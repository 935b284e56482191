/** Areas and lines that a person draws, and which pixels of a raster lie in an area. */

import {
  type Kind,
  type Place,
  type Point,
  RAD,
  RADIUS_M,
  between,
  distance,
  isPole,
  toPlace,
  toPlane,
} from "./moon";

/** A polygon or a line; its edges are straight in the view in which it was drawn, lines follow great circles. */
export interface Shape {
  readonly is: "area" | "line";
  /** Never the globe, whose plane turns. */
  readonly kind: Exclude<Kind, "globe">;
  readonly points: readonly Point[];
}

/** Longitudes from one, included, up to the other, which may lie beyond 180. */
export type Span = readonly [west: number, east: number];

// Points in which an edge is drawn in another view than its own.
const PARTS = 32;

/** The places of a shape's corners. */
export function corners({ kind, points }: Shape): Place[] {
  return points.flatMap((point) => toPlace({ kind, x: 0, y: 0 }, point) ?? []);
}

/** A shape's outline, dense enough to be drawn in any view. */
export function outline(shape: Shape): Place[] {
  const { is, kind, points } = shape;
  if (is === "line") {
    const places = corners(shape);
    return places.slice(1).flatMap((to, at) => parts((part) => between(places[at]!, to, part)));
  }
  return points.flatMap((from, at) => {
    const to = points[(at + 1) % points.length]!;
    const along = (part: number): Point => [
      from[0] + part * (to[0] - from[0]),
      from[1] + part * (to[1] - from[1]),
    ];
    return parts((part) => toPlace({ kind, x: 0, y: 0 }, along(part))).filter((place) => place !== undefined);
  });
}

function parts<Of>(make: (part: number) => Of): Of[] {
  return Array.from({ length: PARTS + 1 }, (_, part) => make(part / PARTS));
}

/** Length of a line, metres. */
export function lengthOf(line: Shape): number {
  const places = corners(line);
  return places.slice(1).reduce((sum, place, at) => sum + distance(places[at]!, place) * RAD * RADIUS_M, 0);
}

/** The southernmost and northernmost latitude of an area. */
export function latitudes({ kind, points }: Shape): readonly [south: number, north: number] {
  if (!isPole(kind)) {
    const all = points.map(([, y]) => y);
    return [Math.max(-90, Math.min(...all)), Math.min(90, Math.max(...all))];
  }
  const edges = points.map((from, at) => [from, points[(at + 1) % points.length]!] as const);
  const nearest = holds(points, [0, 0]) ? 0 : Math.min(...edges.map(([from, to]) => offPole(from, to)));
  const farthest = Math.max(...points.map(([x, y]) => Math.hypot(x, y)));
  const lats = [nearest, farthest].map((y) => toPlace({ kind, x: 0, y: 0 }, [0, y])!.lat);
  return [Math.min(...lats), Math.max(...lats)];
}

/** Distance of an edge from the pole. */
function offPole(from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const part = Math.max(0, Math.min(1, -(from[0] * dx + from[1] * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(from[0] + part * dx, from[1] + part * dy);
}

/** The longitudes that an area has at a latitude, from west to east. */
export function spansAt(area: Shape, lat: number): Span[] {
  const { kind, points } = area;
  return isPole(kind) ? spansOfCircle(area, lat) : pairs(crossings(points, lat));
}

/** Where the edges of a polygon cross a row, in order. */
function crossings(points: readonly Point[], y: number): number[] {
  return points
    .flatMap((from, at) => {
      const to = points[(at + 1) % points.length]!;
      // An edge owns its lower end, so that a row through a corner is crossed once.
      if (from[1] <= y === to[1] <= y) return [];
      return [from[0] + ((y - from[1]) / (to[1] - from[1])) * (to[0] - from[0])];
    })
    .sort((a, b) => a - b);
}

function pairs(sorted: readonly number[]): Span[] {
  return sorted.flatMap((west, at) =>
    at % 2 === 0 && at + 1 < sorted.length ? [[west, sorted[at + 1]!] as const] : [],
  );
}

/** The same around a pole, where a latitude is a circle: between two crossings it is all inside or all outside. */
function spansOfCircle({ kind, points }: Shape, lat: number): Span[] {
  const on = (lon: number): Point => toPlane({ kind, x: 0, y: 0 }, { lon, lat }) ?? [Infinity, Infinity];
  const radius = Math.hypot(...on(0));
  const lons = points
    .flatMap((from, at) => meetings(from, points[(at + 1) % points.length]!, radius))
    .map((point) => toPlace({ kind, x: 0, y: 0 }, point)!.lon)
    .sort((a, b) => a - b);
  const [first] = lons;
  if (first === undefined) return holds(points, on(0)) ? [[-180, 180]] : [];
  return lons.flatMap((west, at) => {
    const east = lons[at + 1] ?? first + 360;
    return holds(points, on((west + east) / 2)) ? [[west, east] as const] : [];
  });
}

/** Where an edge meets a circle around the pole. */
function meetings(from: Point, to: Point, radius: number): Point[] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const a = dx * dx + dy * dy;
  const b = from[0] * dx + from[1] * dy;
  const under = b * b - a * (from[0] ** 2 + from[1] ** 2 - radius * radius);
  if (under <= 0 || a === 0) return [];
  return [-Math.sqrt(under), Math.sqrt(under)]
    .map((root) => (root - b) / a)
    .filter((part) => part >= 0 && part < 1)
    .map((part) => [from[0] + part * dx, from[1] + part * dy] as const);
}

function holds(points: readonly Point[], [x, y]: Point): boolean {
  return crossings(points, y).filter((each) => each <= x).length % 2 === 1;
}
