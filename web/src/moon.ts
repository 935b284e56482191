/**
 * The Moon's geometry: a sphere, two kinds of maps of it and a globe. Angles are in degrees, lengths in metres.
 *
 * A *sight* is what a view shows: its kind, the middle in the plane of that kind, and plane units a pixel. Planes are
 * degrees of longitude and latitude (`plate`, IAU_2015:30100), metres of a polar stereographic map (`north`, `south`,
 * IAU_2015:30130 and 30135), or, on the globe, degrees of arc as they are in its middle, which is a longitude and
 * latitude itself.
 */

/** Mean radius of the Moon, metres (IAU 2015). */
export const RADIUS_M = 1_737_400;
export const RAD = Math.PI / 180;
/** Metres of a degree of a great circle. */
export const METRES_A_DEGREE = RADIUS_M * RAD;

export type Pole = "north" | "south";
export type Kind = "plate" | Pole | "globe";
export const KINDS: readonly Kind[] = ["plate", "north", "south", "globe"];

export interface Place {
  /** East longitude, -180..180. */
  readonly lon: number;
  readonly lat: number;
}

/** A point of a plane. */
export type Point = readonly [x: number, y: number];

export interface Sight {
  readonly kind: Kind;
  readonly x: number;
  readonly y: number;
  /** Plane units of a CSS pixel. */
  readonly resolution: number;
}

export function isPole(kind: Kind): kind is Pole {
  return kind === "north" || kind === "south";
}

/** Longitude in [-180, 180). */
export function wrap(lon: number): number {
  // One that is within is kept to its last digit.
  return lon >= -180 && lon < 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** Where a place is in a sight's plane; nothing for what lies behind the globe or at the other pole. */
export function toPlane(sight: Pick<Sight, "kind" | "x" | "y">, place: Place): Point | undefined {
  switch (sight.kind) {
    case "plate":
      return [place.lon, place.lat];
    case "globe": {
      const [east, north, up] = turned(place, sight.x, sight.y);
      return up < 0 ? undefined : [sight.x + east / RAD, sight.y + north / RAD];
    }
    default:
      return polar(sight.kind, place);
  }
}

/** The place at a point of a sight's plane; nothing beside the Moon. */
export function toPlace(sight: Pick<Sight, "kind" | "x" | "y">, [x, y]: Point): Place | undefined {
  switch (sight.kind) {
    case "plate":
      return Math.abs(y) <= 90 ? { lon: wrap(x), lat: y } : undefined;
    case "globe":
      return fromGlobe((x - sight.x) * RAD, (y - sight.y) * RAD, sight.x, sight.y);
    default:
      return fromPolar(sight.kind, x, y);
  }
}

/** Polar stereographic, scale 1 at the pole: `r = 2 R tan((90 - lat) / 2)`. */
function polar(pole: Pole, { lon, lat }: Place): Point | undefined {
  const sign = pole === "north" ? 1 : -1;
  // The other pole is infinitely far away; a hair from it is far enough to be out of any view.
  if (sign * lat < -89.9) return undefined;
  const r = 2 * RADIUS_M * Math.tan(((90 - sign * lat) / 2) * RAD);
  return [r * Math.sin(lon * RAD), -sign * r * Math.cos(lon * RAD)];
}

function fromPolar(pole: Pole, x: number, y: number): Place {
  const sign = pole === "north" ? 1 : -1;
  const lat = sign * (90 - (2 * Math.atan(Math.hypot(x, y) / (2 * RADIUS_M))) / RAD);
  return { lon: wrap(Math.atan2(x, -sign * y) / RAD), lat };
}

/** Unit vector of a place as seen from above the middle: to the east, to the north, towards the eye. */
function turned({ lon, lat }: Place, middleLon: number, middleLat: number): [number, number, number] {
  const [turn, tilt] = [(lon - middleLon) * RAD, middleLat * RAD];
  const [flat, high] = [Math.cos(lat * RAD), Math.sin(lat * RAD)];
  const ahead = flat * Math.cos(turn);
  return [
    flat * Math.sin(turn),
    high * Math.cos(tilt) - ahead * Math.sin(tilt),
    high * Math.sin(tilt) + ahead * Math.cos(tilt),
  ];
}

function fromGlobe(east: number, north: number, middleLon: number, middleLat: number): Place | undefined {
  const flat = east * east + north * north;
  if (flat > 1) return undefined;
  const [up, tilt] = [Math.sqrt(1 - flat), middleLat * RAD];
  const high = north * Math.cos(tilt) + up * Math.sin(tilt);
  const ahead = up * Math.cos(tilt) - north * Math.sin(tilt);
  return {
    lon: wrap(middleLon + Math.atan2(east, ahead) / RAD),
    // By the arctangent, which keeps its digits at the poles where the arcsine loses them.
    lat: Math.atan2(high, Math.hypot(east, ahead)) / RAD,
  };
}

/** Metres on the ground of a CSS pixel in the middle of a sight, along the screen's rows. */
export function metresAPixel({ kind, x, y, resolution }: Sight): number {
  switch (kind) {
    case "plate":
      return resolution * METRES_A_DEGREE * Math.cos(Math.min(Math.abs(y), 89.9) * RAD);
    case "globe":
      return resolution * METRES_A_DEGREE;
    default:
      // The projection enlarges lengths by 1 + (r / 2R)^2.
      return resolution / (1 + (x * x + y * y) / (4 * RADIUS_M * RADIUS_M));
  }
}

/** Great-circle distance, degrees. By the haversine formula, which keeps its digits at small distances. */
export function distance(a: Place, b: Place): number {
  const hav =
    Math.sin(((a.lat - b.lat) / 2) * RAD) ** 2 +
    Math.cos(a.lat * RAD) * Math.cos(b.lat * RAD) * Math.sin(((a.lon - b.lon) / 2) * RAD) ** 2;
  return (2 * Math.asin(Math.min(1, Math.sqrt(hav)))) / RAD;
}

/** The place a part (0..1) of the way along the great circle from a to b, which are not antipodes. */
export function between(a: Place, b: Place, part: number): Place {
  const whole = distance(a, b) * RAD;
  if (whole === 0) return a;
  const [wa, wb] = [Math.sin((1 - part) * whole), Math.sin(part * whole)];
  const vector = (place: Place): [number, number, number] => [
    Math.cos(place.lat * RAD) * Math.cos(place.lon * RAD),
    Math.cos(place.lat * RAD) * Math.sin(place.lon * RAD),
    Math.sin(place.lat * RAD),
  ];
  const [va, vb] = [vector(a), vector(b)];
  const [x, y, z] = [wa * va[0] + wb * vb[0], wa * va[1] + wb * vb[1], wa * va[2] + wb * vb[2]];
  return { lon: Math.atan2(y, x) / RAD, lat: Math.atan2(z, Math.hypot(x, y)) / RAD };
}

/** Area of the sphere between two latitudes and as many degrees of longitude, km2. */
export function areaKm2(south: number, north: number, degrees: number): number {
  // sin a - sin b as a product, which is exact for rows at the poles too.
  const half = ((north - south) / 2) * RAD;
  const middle = ((north + south) / 2) * RAD;
  return (RADIUS_M / 1000) ** 2 * degrees * RAD * 2 * Math.sin(half) * Math.cos(middle);
}
