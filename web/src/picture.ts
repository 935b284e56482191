/** The layer of pixels: what a scene is painted with, read and drawn as the view moves. */

import type { FrameState } from "ol/Map";
import Layer from "ol/layer/Layer";
import Source from "ol/source/Source";
import { forgetTroubles, troubles, want, whenChanged } from "./chunks";
import { type Range, type Shades, classShades, shadesOf } from "./colours";
import { type Pixel, codeAt, isWhole, rasterFor } from "./levels";
import type { Kind, Place, Sight } from "./moon";
import { type Coat, type Colour, type Drawn, Renderer, chunksOf } from "./renderer";
import type { Raster, StoredMap } from "./root";
import type { Scene } from "./scene";
import type { Box, State } from "./state";
import { DIVERGING } from "./tables";
import { sight, size } from "./view";

const FLAG: Colour = [1, 0.2, 0.65, 0.85];
/** Classes of potential mare basalt: none, similar to maria, and high FeO besides. */
const CANDIDATE_COLOURS = [
  [0, 0, 0, 0],
  [255, 176, 0, 150],
  [230, 60, 20, 220],
] as const;
const BRUSH: Colour = [1, 0.1, 0.75, 0.9];
// Metres of relief that pull like a slab: a milligal is 1 / (2 pi G rho) of them, at 2550 kg/m3 (Bouguer's formula).
const METRES_A_MGAL = 1e-5 / (2 * Math.PI * 6.6743e-11 * 2550);
// Heights are drawn as so many times themselves, or a whole Moon looks flat.
const EXAGGERATED = 4;

/** What is marked of a scatter plot: values of two maps. */
export interface Brush {
  readonly maps: readonly [StoredMap, StoredMap];
  readonly ranges: Box;
}

/** The colours of the main map, and of the difference. */
export interface Colours {
  readonly range: Range;
  readonly palette: string;
}

/** The colours of a scene's main coat: as the state says, else the map's own. */
export function coloursOf(scene: Scene, state: State): Colours {
  const isDifference = scene.other !== undefined && state.how === "difference";
  const [least, most] = scene.look.range ?? [0, 1];
  const tenth = (most - least) / 10;
  const own: Colours = isDifference
    ? { range: [-tenth, tenth], palette: DIVERGING }
    : { range: [least, most], palette: scene.look.palette };
  return { range: state.range ?? own.range, palette: state.palette ?? own.palette };
}

/** A value of a map where the pointer is. */
export interface Shown {
  readonly raster: Raster;
  readonly pixel: Pixel;
  /** Nothing where the pixel is missing. */
  readonly value: number | undefined;
}

let renderer: Renderer | undefined;
const painted = { coats: [] as readonly Coat[], key: "" };
let drawn: Drawn = { levels: new Map(), tooMuch: [] };
let afterDrawn: (isWhole: boolean) => void = () => undefined;
let computed: readonly Coat[] = [];

export const layer = new Layer({ source: new Source({}), className: "pixels", render });

/** Get ready to draw; a browser that cannot says why. */
export function start(): Layer {
  renderer = new Renderer();
  renderer.canvas.className = "pixels";
  renderer.canvas.addEventListener("webglcontextlost", () => location.reload());
  whenChanged(() => layer.changed());
  return layer;
}

/** Be told after each picture whether all of it is there. */
export function whenDrawn(listener: (isWhole: boolean) => void): void {
  afterDrawn = listener;
}

/** Paint a scene from now on. */
export function paint(scene: Scene, state: State, kind: Kind, brush: Brush | undefined): void {
  painted.coats = coatsOf(scene, state, kind, brush);
  painted.key = "";
  layer.changed();
}

/** Coats of what was computed here, above all others until they are replaced. */
export function paintAbove(coats: readonly Coat[]): void {
  computed = coats;
  painted.key = "";
  layer.changed();
}

/** Read again what could not be read. */
export function tryAgain(): void {
  painted.key = "";
  forgetTroubles();
}

/** What a person should know of the picture. */
export function problems(): string[] {
  const finer = drawn.tooMuch.length
    ? ["There are no coarser levels of this map stored: zoom in to see it."]
    : [];
  return [...troubles(), ...finer];
}

/** What the picture shows of a map at a place. */
export function shownAt(map: StoredMap, place: Place): Shown | undefined {
  const raster = rasterFor(map, sight().kind);
  const need = raster && drawn.levels.get(raster);
  const found = need && codeAt(raster, need.level, place);
  return found && { raster, pixel: found.pixel, value: valueOf(raster, found.code) };
}

/** The level of a map that the picture shows. */
export function levelOf(map: StoredMap): { raster: Raster; level: number } | undefined {
  const raster = rasterFor(map, sight().kind);
  const need = raster && drawn.levels.get(raster);
  return need && { raster, level: need.level };
}

/** The value of a code in the map's units; nothing where it is missing. */
export function valueOf({ coding }: Raster, code: number): number | undefined {
  return code === coding.fill ? undefined : code * coding.scale + coding.offset;
}

function render({ pixelRatio, viewState }: FrameState): HTMLElement {
  if (!renderer) throw new Error("drawn before it was started");
  const now: Sight = {
    ...sight(),
    x: viewState.center[0]!,
    y: viewState.center[1]!,
    resolution: viewState.resolution,
  };
  const coats = [...painted.coats, ...computed];
  const key = [now.kind, now.x, now.y, now.resolution, ...Object.values(size()), pixelRatio].join();
  if (key !== painted.key) {
    drawn = renderer.plan(coats, now, size(), pixelRatio);
    want(chunksOf(drawn));
    painted.key = key;
  }
  renderer.draw(coats, drawn, now, size(), pixelRatio);
  const style = renderer.canvas.style;
  [style.width, style.height] = [`${size().width}px`, `${size().height}px`];
  afterDrawn(coats.length > 0 && [...drawn.levels.values()].every(isWhole));
  return renderer.canvas;
}

/** Coats from below to above. */
function coatsOf(scene: Scene, state: State, kind: Kind, brush: Brush | undefined): Coat[] {
  const all = { opacity: 1, from: 0, to: 1 };
  const coats: Coat[] = [];
  const relief = state.shown.has("relief") ? scene.relief?.on.latlon : undefined;
  if (relief) {
    const height = METRES_A_MGAL * EXAGGERATED * relief.coding.scale;
    coats.push({ ...all, mode: "relief", rasters: [relief], height });
  }
  coats.push(...mainCoats(scene, state, kind));
  const quality = scene.quality && rasterFor(scene.quality, kind);
  if (quality && state.quality)
    coats.push({ ...all, mode: "flag", rasters: [quality], mask: state.quality, colour: FLAG });
  for (const map of state.shown.has("candidates") ? scene.candidates : []) {
    const raster = rasterFor(map, kind);
    if (raster && raster.grid !== opposite(kind)) {
      coats.push({ ...all, mode: "value", rasters: [raster], shades: classShades(CANDIDATE_COLOURS) });
    }
  }
  const [first, second] = (brush?.maps ?? []).map((map) => rasterFor(map, kind));
  if (brush && first && second) {
    const [a, b] = brush.ranges;
    const box = [...codes(first, a), ...codes(second, b)] as const;
    coats.push({ ...all, mode: "brush", rasters: [first, second], box, colour: BRUSH });
  }
  return coats;
}

function mainCoats(scene: Scene, state: State, kind: Kind): Coat[] {
  const raster = rasterFor(scene.map, kind);
  if (!raster) return [];
  const { range, palette } = coloursOf(scene, state);
  const coat = { mode: "value" as const, opacity: state.opacity, from: 0, to: 1 };
  const other = scene.other && rasterFor(scene.other.map, kind);
  if (!other) return [{ ...coat, rasters: [raster], shades: shades(raster, range, palette) }];
  if (state.how === "difference") {
    // Offsets go away, since both maps have the same.
    const coding = { scale: raster.coding.scale, offset: 0 };
    return [
      { ...coat, mode: "difference", rasters: [raster, other], shades: shadesOf(coding, range, palette) },
    ];
  }
  return [
    { ...coat, rasters: [raster], to: state.swipe, shades: shades(raster, range, palette) },
    { ...coat, rasters: [other], from: state.swipe, shades: shades(other, range, palette) },
  ];
}

function shades({ coding }: Raster, range: Range, palette: string): Shades {
  return shadesOf(coding, range, palette);
}

function codes({ coding }: Raster, [least, most]: Range): [number, number] {
  return [
    Math.ceil((least - coding.offset) / coding.scale - 1e-6),
    Math.floor((most - coding.offset) / coding.scale + 1e-6),
  ];
}

function opposite(kind: Kind): Kind | undefined {
  return kind === "north" ? "south" : kind === "south" ? "north" : undefined;
}
