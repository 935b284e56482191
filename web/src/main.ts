/** The page: from its address to a picture, and from what a person does back to the address. */

import { byId, el, fill } from "./dom";
import { fittedAll, fittedSeen } from "./fit";
import { pixelMetres, pixelsIn } from "./levels";
import * as measuring from "./measure";
import { type Place, type Sight, toPlace } from "./moon";
import { buildPanel, showKind, showPanel } from "./panel";
import * as picture from "./picture";
import { showPlace } from "./place";
import { type Root, type StoredMap, called, openRoot } from "./root";
import { savingSection } from "./saving";
import { showScale } from "./scale";
import { brush, plotSeen, scatterSection, showScatter } from "./scatter";
import { type Scene, isSigned, sceneOf } from "./scene";
import { searchSection } from "./search";
import { showSimilar, similarSection } from "./similar";
import { type State, change, followAddress, onChange, state } from "./state";
import { type MeasuredStation, stationsOf } from "./stations";
import { drawVectors, letters, lines } from "./vectors";
import * as view from "./view";
import { lengthText, placeText, valueText } from "./words";
import { wordsOf } from "./requests";

let scene: Scene | undefined;
let stations: readonly MeasuredStation[] = [];
/** Why what the address names cannot be shown. */
let missing: readonly string[] = [];
let loading = 0;
let isLoading = false;
let plotting = 0;
/** Where the pointer is on the map; nothing away from it, where the middle counts. */
let pointer: readonly number[] | undefined;

async function main(): Promise<void> {
  followAddress();
  const root = await openRoot(new URL(location.href));
  for (const layer of [picture.start(), lines, measuring.shapeLayer, letters]) view.addLayer(layer);
  const tools = [
    searchSection(() => stations),
    measuring.measureSection(),
    scatterSection(),
    similarSection(),
    savingSection(() => scene),
  ];
  buildPanel(root, tools, fit);
  view.show(state().sight ?? view.wholeSight("plate"));
  onChange((before) => follow(root, before));
  picture.whenDrawn(drawn);
  listen();
  await load(root);
}

/** Read what the state names and show it; of several at once, the last. */
async function load(root: Root): Promise<void> {
  const mine = ++loading;
  isLoading = true;
  byId("map").setAttribute("aria-busy", "true");
  try {
    const found = await withRange(await sceneOf(root, state()));
    if (mine !== loading) return;
    [scene, missing, isLoading] = [found, [], false];
    refresh();
    // The picture does not wait for them.
    const near = await stationsOf(root, found.entry);
    if (mine !== loading) return;
    stations = near;
    draw();
    ask();
  } catch (error) {
    if (mine !== loading) return;
    missing = [wordsOf(error)];
    isLoading = false;
    picture.layer.changed();
    tell(missing);
  }
}

/** The scene with a range of colours: where nobody said one, that of the map's coarsest level. */
async function withRange(found: Scene): Promise<Scene> {
  if (found.look.range) return found;
  const range = await fittedAll(found.map, isSigned(found.look));
  return { ...found, look: { ...found.look, range } };
}

function follow(root: Root, before: State): void {
  const now = state();
  if (now.sight && now.sight !== before.sight && !isSame(now.sight, view.sight())) view.show(now.sight);
  const isRead = (["of", "map", "other"] as const).every((name) => now[name] === before[name]);
  const isNew = (["candidates", "relief"] as const).some(
    (each) => now.shown.has(each) && !before.shown.has(each),
  );
  if (!isRead || isNew) return void load(root);
  if (now.place !== before.place) ask();
  refresh();
}

function isSame(a: Sight, b: Sight): boolean {
  return a.kind === b.kind && a.x === b.x && a.y === b.y && a.resolution === b.resolution;
}

/** Show the scene as the state wants it. */
function refresh(): void {
  if (!scene) return;
  showPanel(scene);
  showNotes(scene);
  showSwipe(scene);
  showScatter(scene);
  void showSimilar(scene);
  picture.paint(scene, state(), view.sight().kind, brush(scene));
  draw();
  void measuring.measure(scene);
}

function ask(): void {
  if (scene) void showPlace(scene, state().place, stations);
}

function draw(): void {
  drawVectors(view.sight(), { shown: state().shown, stations, place: state().place });
  measuring.drawShape();
}

function listen(): void {
  const element = byId("map");
  view.map.on("moveend", () => {
    const sight = view.sight();
    showScale(sight);
    showKind(sight.kind);
    change({ sight });
    showValue(true);
  });
  // On the globe, lines and letters turn with it.
  view.map.on("postrender", () => view.sight().kind === "globe" && view.isMoving() && draw());
  view.map.on("pointermove", ({ pixel }) => {
    pointer = middleOf(pixel);
    showValue(false);
  });
  element.addEventListener("pointerleave", () => {
    pointer = undefined;
    showValue(false);
  });
  // A single click is told a while after the click, when what it ended is no longer being drawn.
  let drew = false;
  view.map.on("click", () => {
    drew = measuring.isDrawing();
  });
  view.map.on("singleclick", ({ pixel }) => {
    if (!drew) askAt(view.placeAt(middleOf(pixel)));
  });
  element.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") askAt(toPlace(view.sight(), [view.sight().x, view.sight().y]));
    if (key !== "Escape") return;
    if (measuring.isDrawing()) measuring.stop();
    else change({ place: undefined });
  });
  byId("skip").addEventListener("click", (event) => {
    // The address is the state's: a fragment would replace it.
    event.preventDefault();
    element.focus();
  });
  byId("swipe").addEventListener("input", (event) =>
    change({ swipe: Number((event.target as HTMLInputElement).value) }),
  );
  byId("closer").addEventListener("click", () => view.zoom(2));
  byId("farther").addEventListener("click", () => view.zoom(0.5));
  byId("whole").addEventListener("click", () => view.show(view.wholeSight(view.sight().kind)));
}

/** The middle of the pixel of the screen that a pointer is on. */
function middleOf(pixel: readonly number[]): readonly number[] {
  return pixel.map((at) => Math.floor(at) + 0.5);
}

function askAt(place: Place | undefined): void {
  if (place) change({ place });
}

/** After each picture. */
function drawn(isWhole: boolean): void {
  byId("map").setAttribute("aria-busy", String(!isWhole || isLoading));
  tell([...missing, ...picture.problems()]);
  if (!isWhole || isLoading) return;
  showValue(false);
  // How far two runs are apart is not known before they are read.
  if (scene?.other && state().how === "difference" && !state().range) fit();
  window.clearTimeout(plotting);
  // Not on each frame of a movement.
  plotting = window.setTimeout(() => scene && plotSeen(scene), 200);
}

function tell(problems: readonly string[]): void {
  const box = byId("troubles");
  const said = problems.join("\n");
  if (box.dataset["said"] === said) return;
  box.dataset["said"] = said;
  box.hidden = problems.length === 0;
  fill(
    box,
    ...problems.slice(0, 4).map((each) => el("p", {}, each)),
    problems.length > 4 && el("p", {}, `And ${problems.length - 4} more.`),
    el("button", { type: "button", onclick: picture.tryAgain }, "Try again"),
  );
}

function showNotes({ entry, other }: Scene): void {
  const notes = [...new Set([...entry.notes, ...(other?.entry.notes ?? [])])];
  byId("notes").hidden = notes.length === 0;
  byId("notes").textContent = notes.join("; ");
}

function showSwipe({ entry, other }: Scene): void {
  const isSwipe = other !== undefined && state().how === "swipe";
  const [slider, sides] = [byId<HTMLInputElement>("swipe"), byId("sides")];
  [slider.hidden, sides.hidden] = [!isSwipe, !isSwipe];
  if (!other) return;
  slider.value = String(state().swipe);
  sides.style.left = `${100 * state().swipe}%`;
  [entry, other.entry].forEach((each, side) => (sides.children[side]!.textContent = called(each)));
}

/** The value below the pointer or, without one, in the middle; spoken where the keyboard moved the map. */
function showValue(isMoved: boolean): void {
  if (!scene) return;
  const { width, height } = view.size();
  const pixel = pointer ?? [width / 2, height / 2];
  const place = view.placeAt(pixel);
  const parts = place ? valueParts(scene, place, pixel[0]! / width) : undefined;
  fill(
    byId("value"),
    ...(parts
      ? [el("b", {}, parts.value), el("span", {}, ` · ${parts.where} · ${parts.of}`)]
      : ["beside the Moon"]),
  );
  byId("value").dataset["value"] = parts?.number === undefined ? "" : String(parts.number);
  if (isMoved && document.activeElement === byId("map") && parts)
    byId("spoken").textContent = `${parts.value}, ${parts.where}`;
}

interface Parts {
  readonly value: string;
  readonly where: string;
  readonly of: string;
  readonly number: number | undefined;
}

function valueParts({ map, other, look }: Scene, place: Place, part: number): Parts {
  const { how, swipe } = state();
  const isDifference = other !== undefined && how === "difference";
  const seen: StoredMap = other && how === "swipe" && part > swipe ? other.map : map;
  const where = placeText(place, 3);
  const shown = picture.shownAt(seen, place);
  const second = isDifference ? picture.shownAt(other.map, place) : undefined;
  if (!shown || (isDifference && !second))
    return { value: "not read yet", where, of: look.label, number: undefined };
  const number = isDifference ? difference(shown.value, second?.value) : shown.value;
  const value =
    number === undefined ? "missing" : `${valueText(number, shown.raster.coding.scale)} ${map.units}`.trim();
  return { value, where, of: `${name(look.label)}, ${pixelText(shown)}`, number };
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

function name(label: string): string {
  return label.replace(/(,| \().*$/, "");
}

/** What the pixel stands for: one of the finest, or the mean of so many. */
function pixelText({ raster, pixel }: picture.Shown): string {
  const wide = lengthText(pixelMetres(raster, pixel.level));
  const resampled = raster.grid === "latlon" ? "" : ", polar map";
  if (pixel.level === 0) return `pixel of ${wide}${resampled}, full resolution`;
  return `mean of ${pixelsIn(raster, pixel.level)} pixels, ${wide}${resampled}, level ${pixel.level}`;
}

/** Colours from the least to the greatest of what is seen, but 2 % at both ends. */
function fit(): void {
  if (!scene) return;
  const range = fittedSeen(scene, state());
  if (range) change({ range });
}

main().catch((error: unknown) => tell([wordsOf(error)]));
