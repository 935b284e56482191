/**
 * The shader that draws rasters: for each pixel of the screen the place, for the place the pixel of the finest level
 * that is here, for its code the colour. So a picture is exact in every projection, at the poles and across the seam.
 */

/** Levels of a raster at most: 304 pixels a degree have seven. */
const MOST_LEVELS = 16;
/** Entries of a row of the table that says where on the card a chunk is. */
export const TABLE_WIDTH = 1024;

export const VERTEX = `#version 300 es
// One triangle that covers the screen.
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3. : -1., gl_VertexID == 2 ? 3. : -1., 0., 1.); }
`;

/** What draws: a value, a difference of two, a flag, light and shade, or what lies in two ranges. */
export type Mode = "value" | "difference" | "flag" | "relief" | "brush";

/** Samplers of codes without and with sign. */
export type Sampler = "usampler2DArray" | "isampler2DArray";

// The greatest error of arctan is 2e-8 (Abramowitz & Stegun 4.4.49): the built-in one may err by a pixel.
const GEOMETRY = `
const float PI = 3.141592653589793;
const float RAD = PI / 180.;
const float DIAMETER = 2. * 1737400.;
const int PLATE = 0, NORTH = 1, SOUTH = 2, GLOBE = 3;
uniform int uKind;
uniform vec2 uMiddle;  // of the screen, in the plane
uniform vec2 uTilt;  // sine and cosine of the globe's middle latitude
uniform float uResolution;  // plane units a pixel
uniform vec2 uSize;  // of the screen, pixels

float arctan(float y, float x) {
  float a = abs(x), b = abs(y), t = min(a, b) / max(max(a, b), 1e-30), s = t * t;
  float r = t * (1. + s * (-.3333314528 + s * (.1999355085 + s * (-.1420889944 + s * (.1065626393
    + s * (-.0752896400 + s * (.0429096138 + s * (-.0161657367 + s * .0028662257))))))));
  if (b > a) r = PI / 2. - r;
  if (x < 0.) r = PI - r;
  return y < 0. ? -r : r;
}

float wrapped(float lon) { return lon - 360. * floor((lon + 180.) / 360.); }

// Longitude and latitude of a pixel of the screen; false beside the Moon.
bool placeOf(vec2 off, out vec2 place) {
  if (uKind == PLATE) {
    place = vec2(wrapped(uMiddle.x + off.x), uMiddle.y + off.y);
    return abs(place.y) <= 90.;
  }
  if (uKind == GLOBE) {
    vec2 seen = off * RAD;
    float flat2 = dot(seen, seen);
    if (flat2 > 1.) return false;
    float up = sqrt(1. - flat2);
    float high = seen.y * uTilt.y + up * uTilt.x, ahead = up * uTilt.y - seen.y * uTilt.x;
    place = vec2(wrapped(uMiddle.x + arctan(seen.x, ahead) / RAD), arctan(high, length(vec2(seen.x, ahead))) / RAD);
    return true;
  }
  float pole = uKind == NORTH ? 1. : -1.;
  vec2 at = uMiddle + off;
  place = vec2(arctan(at.x, -pole * at.y) / RAD, pole * (90. - 2. * arctan(length(at), DIAMETER) / RAD));
  return true;
}

// The same in the units of a raster: degrees, or metres from its pole.
vec2 onGrid(int grid, vec2 off, vec2 place) {
  if (grid == PLATE) return place;
  if (grid == uKind) return uMiddle + off;
  float pole = grid == NORTH ? 1. : -1.;
  float c = (90. - pole * place.y) / 2. * RAD, r = DIAMETER * sin(c) / max(cos(c), 1e-6);
  return r * vec2(sin(place.x * RAD), -pole * cos(place.x * RAD));
}
`;

function source(letter: string, sampler: Sampler): string {
  return `
uniform ${sampler} uCodes${letter};
uniform isampler2D uTable${letter};  // by chunk, where on the card it is; -1 is nowhere
uniform vec4 uShape${letter}[${MOST_LEVELS}];  // rows, columns, pixels a unit, first entry of the table
uniform ivec2 uChunk${letter}[${MOST_LEVELS}];  // edge, chunks across
uniform ivec3 uRaster${letter};  // grid, level to begin with, levels
uniform ivec2 uFill${letter};  // whether there is a missing code, and which

// The code at a place, of the finest level from the wanted one on; false where there is none.
bool code${letter}(vec2 at, out int code) {
  for (int level = uRaster${letter}.y; level < uRaster${letter}.z; level++) {
    vec4 shape = uShape${letter}[level];
    ivec2 size = ivec2(shape.yx), pixel = ivec2(floor(shape.yx / 2. + vec2(at.x, -at.y) * shape.z));
    if (uRaster${letter}.x == PLATE) pixel = clamp(pixel, ivec2(0), size - 1);
    else if (any(lessThan(pixel, ivec2(0))) || any(greaterThanEqual(pixel, size))) return false;
    ivec2 layout_ = uChunk${letter}[level], chunk = pixel / layout_.x;
    int entry = int(shape.w) + chunk.y * layout_.y + chunk.x;
    int page = texelFetch(uTable${letter}, ivec2(entry % ${TABLE_WIDTH}, entry / ${TABLE_WIDTH}), 0).r;
    if (page < 0) continue;
    code = int(texelFetch(uCodes${letter}, ivec3(pixel - chunk * layout_.x, page), 0).r);
    return uFill${letter}.x == 0 || code != uFill${letter}.y;
  }
  return false;
}
`;
}

const SHADE = `
uniform isampler2D uThresholds;
uniform sampler2D uPalette;

// Thresholds at or below a code, by bisection.
vec4 shade(int code) {
  int index = 0;
  for (int step_ = 128; step_ > 0; step_ /= 2) {
    if (texelFetch(uThresholds, ivec2(index + step_ - 1, 0), 0).r <= code) index += step_;
  }
  return texelFetch(uPalette, ivec2(index, 0), 0);
}
`;

const PAINT: Readonly<Record<Mode, string>> = {
  value: "int a; if (codeA(onGrid(uRasterA.x, off, place), a)) colour = shade(a);",
  difference: `int a, b;
    if (codeA(onGrid(uRasterA.x, off, place), a) && codeB(onGrid(uRasterB.x, off, place), b)) colour = shade(a - b);`,
  flag: "int a; if (codeA(onGrid(uRasterA.x, off, place), a) && (a & uMask) != 0) colour = uColour;",
  brush: `int a, b;
    if (codeA(onGrid(uRasterA.x, off, place), a) && codeB(onGrid(uRasterB.x, off, place), b)
      && a >= uBox.x && a <= uBox.y && b >= uBox.z && b <= uBox.w) colour = uColour;`,
  // Light from the upper left, 45 degrees high; heights are codes times uHeight, in metres.
  relief: `int east, west, north, south;
    vec2 at = onGrid(uRasterA.x, off, place);
    vec2 pixel = vec2(1. / uShapeA[uRasterA.y].z, 0.);
    if (codeA(at + pixel, east) && codeA(at - pixel, west) && codeA(at + pixel.yx, north) && codeA(at - pixel.yx, south)) {
      float metres = 2. * pixel.x * RAD * DIAMETER / 2.;
      vec2 slope = uHeight * vec2(float(east - west) / max(cos(place.y * RAD), .02), float(north - south)) / metres;
      vec3 up = normalize(vec3(-slope, 1.));
      colour = vec4(vec3(clamp(.15 + .85 * dot(up, normalize(vec3(-1., 1., 1.4))), 0., 1.)), 1.);
    }`,
};

/** The fragment shader of a mode, for samplers of the types of its one or two rasters. */
export function fragment(mode: Mode, samplers: readonly Sampler[]): string {
  return `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp isampler2D;
precision highp isampler2DArray;
precision highp usampler2DArray;
${GEOMETRY}
${samplers.map((sampler, place) => source("AB"[place]!, sampler)).join("")}
${SHADE}
uniform float uOpacity;
uniform vec4 uColour;
uniform int uMask;
uniform ivec4 uBox;
uniform float uHeight;
out vec4 outColour;

void main() {
  vec2 off = (gl_FragCoord.xy - uSize / 2.) * uResolution, place;
  vec4 colour = vec4(0.);
  if (placeOf(off, place)) { ${PAINT[mode]} }
  outColour = vec4(colour.rgb, 1.) * colour.a * uOpacity;
}
`;
}
