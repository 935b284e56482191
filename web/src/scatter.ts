/** Two maps against each other, of the pixels that are seen; a box in the plot marks its pixels on the map. */

import { CHART, type Axis, chart, across, up } from "./charts";
import { type Range, rgbaOf } from "./colours";
import { byId, el, fill, svg } from "./dom";
import { section } from "./panel";
import { type Brush, shownAt } from "./picture";
import type { StoredMap } from "./root";
import type { Scene } from "./scene";
import { type Box, change, state } from "./state";
import { MAPS } from "./tables";
import { placeAt, size } from "./view";
import { digitsOf, round, typed } from "./words";

// Screen pixels between the samples, and cells of the plot.
const STEP = 4;
const CELLS = 96;

interface Plot {
  readonly maps: readonly [StoredMap, StoredMap];
  readonly x: Axis;
  readonly y: Axis;
}

/** The ends of the box, in the order of the state. */
const ENDS = ["box-low", "box-high", "box-from", "box-to"] as const;

let plot: Plot | undefined;

export function scatterSection(): HTMLElement {
  return section("Two maps", [
    el("select", {
      id: "second",
      "aria-label": "Plot against",
      onchange: (event) =>
        change({ against: (event.target as HTMLSelectElement).value || undefined, box: undefined }),
    }),
    el("div", { id: "scatter" }),
    el(
      "div",
      { id: "box", hidden: true },
      // As they are in the plot: what is across comes first.
      axisFields("box-across", "box-from", "box-to"),
      axisFields("box-up", "box-low", "box-high"),
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", id: "unmark", onclick: () => change({ box: undefined }) }, "Unmark"),
      ),
      el("p", { class: "hint", role: "status", id: "marked" }),
    ),
  ]);
}

/** Where the ends of the box along one axis are typed. */
function axisFields(name: string, least: string, most: string): HTMLElement {
  const end = (id: string, word: string) =>
    el(
      "label",
      {},
      `${word} `,
      el("input", { id, type: "text", inputmode: "decimal", class: "number", onchange: takeBox }),
    );
  return el(
    "div",
    { role: "group", "aria-labelledby": name },
    el("span", { class: "hint", id: name }),
    el("div", { class: "row" }, end(least, "from"), end(most, "to")),
  );
}

/** Mark what is typed; ends that are left out are those of the plot. */
function takeBox(): void {
  const texts = ENDS.map((id) => byId<HTMLInputElement>(id).value.trim());
  if (!plot || !texts.some(Boolean)) return change({ box: undefined });
  const open = [plot.y.least, plot.y.most, plot.x.least, plot.x.most];
  const ends = texts.map((text, at) => (text ? typed(text) : open[at]));
  const [low, high, from, to] = ends;
  const isRange = [low! <= high!, from! <= to!];
  for (const [at, id] of ENDS.entries())
    byId<HTMLInputElement>(id).setCustomValidity(
      isRange[Math.floor(at / 2)] ? "" : "Two numbers, the smaller one first",
    );
  if (isRange.every(Boolean))
    change({
      box: stored(plot, [
        [low!, high!],
        [from!, to!],
      ]),
    });
  else byId<HTMLInputElement>(ENDS[isRange[0] ? 3 : 1]).reportValidity();
}

/** The second map; nothing where none is chosen, or the one that is shown. */
function secondOf({ maps, map }: Scene): StoredMap | undefined {
  const { against } = state();
  return against === map.name ? undefined : maps.find(({ name }) => name === against);
}

/** The maps of the plot, and the ranges that are marked; without a box an empty one, so that both are read. */
export function brush(scene: Scene): Brush | undefined {
  const other = secondOf(scene);
  return (
    other && {
      maps: [scene.map, other],
      ranges: state().box ?? [
        [1, 0],
        [1, 0],
      ],
    }
  );
}

/** Offer the maps of a scene, and the ends of what is marked. */
export function showScatter(scene: Scene): void {
  const other = secondOf(scene);
  const select = byId<HTMLSelectElement>("second");
  fill(
    select,
    el("option", { value: "" }, "no second map"),
    ...scene.maps
      .filter(({ name }) => name !== scene.map.name)
      .map((map) => el("option", { value: map.name }, `against ${labelOf(map)}`)),
  );
  select.value = other?.name ?? "";
  byId("box").hidden = !other;
  if (!other) {
    plot = undefined;
    return fill(byId("scatter"));
  }
  byId("box-across").textContent = labelOf(other);
  byId("box-up").textContent = labelOf(scene.map);
  showEnds(state().box);
}

function showEnds(box: Box | undefined): void {
  const ends = box?.flat() ?? [];
  for (const [at, id] of ENDS.entries()) {
    const input = byId<HTMLInputElement>(id);
    input.value = ends[at] === undefined ? "" : String(ends[at]);
    input.setCustomValidity("");
  }
  byId("unmark").hidden = !box;
  if (!box) fill(byId("marked"));
}

/** Plot what is seen, once it is all there. */
export function plotSeen(scene: Scene): void {
  const other = secondOf(scene);
  if (!other) return;
  const points = pairsSeen(scene.map, other);
  if (!points.length)
    return fill(byId("scatter"), el("p", { class: "hint" }, "Nothing to plot in this view."));
  plot = {
    maps: [scene.map, other],
    x: axisOf(
      other,
      points.map(([, b]) => b),
    ),
    y: axisOf(
      scene.map,
      points.map(([a]) => a),
    ),
  };
  fill(
    byId("scatter"),
    drawn(plot, points),
    el("p", { class: "hint" }, "Drag a box, or type its ends, to mark its pixels on the map."),
  );
  const { y, x } = plot;
  for (const [at, end] of [y.least, y.most, x.least, x.most].entries())
    byId<HTMLInputElement>(ENDS[at]!).placeholder = round(end);
  showCount(points);
}

function showCount(points: readonly [number, number][]): void {
  const { box } = state();
  if (!box) return;
  const [[low, high], [from, to]] = box;
  const count = points.filter(([a, b]) => a >= low && a <= high && b >= from && b <= to).length;
  const said = `Marked: ${count.toLocaleString("en")} of ${points.length.toLocaleString("en")} points of this view.`;
  // A text that stays is not spoken again.
  if (byId("marked").textContent !== said) byId("marked").textContent = said;
}

function labelOf({ name, longName, units }: StoredMap): string {
  return MAPS[name]?.label ?? (units ? `${longName} (${units})` : longName);
}

function pairsSeen(first: StoredMap, other: StoredMap): [number, number][] {
  const { width, height } = size();
  const points: [number, number][] = [];
  for (let x = STEP / 2; x < width; x += STEP) {
    for (let y = STEP / 2; y < height; y += STEP) {
      const place = placeAt([x, y]);
      const [a, b] = place ? [shownAt(first, place)?.value, shownAt(other, place)?.value] : [];
      if (a !== undefined && b !== undefined) points.push([a, b]);
    }
  }
  return points;
}

function axisOf(map: StoredMap, values: readonly number[]): Axis {
  const sorted = Float64Array.from(values).sort();
  const [least, most] = [
    sorted[Math.floor(sorted.length * 0.001)]!,
    sorted[Math.ceil(sorted.length * 0.999) - 1]!,
  ];
  const room = (most - least) * 0.03 || 0.5;
  return { label: labelOf(map), least: least - room, most: most + room };
}

function drawn(of: Plot, points: readonly [number, number][]): HTMLElement {
  const { x, y } = of;
  const counts = new Float64Array(CELLS * CELLS);
  const cell = (axis: Axis, value: number) =>
    Math.floor(((value - axis.least) / (axis.most - axis.least)) * CELLS);
  for (const [a, b] of points) {
    const [row, col] = [CELLS - 1 - cell(y, a), cell(x, b)];
    if (row >= 0 && col >= 0 && row < CELLS && col < CELLS) counts[row * CELLS + col]! += 1;
  }
  const canvas = el("canvas", { width: CELLS, height: CELLS, "aria-hidden": "true" });
  const image = new ImageData(CELLS, CELLS);
  const [most, rgba] = [Math.log1p(Math.max(...counts)), rgbaOf("viridis")];
  counts.forEach((count, at) => {
    if (count)
      image.data.set(
        rgba.subarray(
          4 * Math.floor((Math.log1p(count) / most) * 255),
          4 * Math.floor((Math.log1p(count) / most) * 255) + 4,
        ),
        4 * at,
      );
  });
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  const { width, height, left, right, top, bottom } = CHART;
  Object.assign(canvas.style, {
    left: `${(100 * left) / width}%`,
    top: `${(100 * top) / height}%`,
    width: `${(100 * (width - left - right)) / width}%`,
    height: `${(100 * (height - top - bottom)) / height}%`,
  });
  const marked = svg("rect", { class: "box" });
  const { box } = state();
  if (box) showBox(marked, of, box);
  const graph = chart(x, y, `Density of ${points.length} pixels: ${y.label} against ${x.label}`, marked);
  const area = el("div", { class: "scatter" }, canvas, graph);
  area.addEventListener("pointerdown", (event) => drag(event, of, graph, marked));
  return area;
}

/** Draw a box, as far as the plot goes. */
function showBox(marked: SVGRectElement, { x, y }: Plot, [ofY, ofX]: Box): void {
  const [low, high] = ofY.map((end) => Math.max(y.least, Math.min(y.most, end)));
  const [from, to] = ofX.map((end) => Math.max(x.least, Math.min(x.most, end)));
  marked.setAttribute("x", String(across(x, from!)));
  marked.setAttribute("width", String(across(x, to!) - across(x, from!)));
  marked.setAttribute("y", String(up(y, high!)));
  marked.setAttribute("height", String(up(y, low!) - up(y, high!)));
}

/** Drag a box over the plot. */
function drag(event: PointerEvent, of: Plot, graph: SVGSVGElement, marked: SVGRectElement): void {
  event.preventDefault();
  const start = valuesAt(event, of, graph);
  let box: Box | undefined;
  const move = (to: PointerEvent) => {
    const end = valuesAt(to, of, graph);
    const sorted = (a: number, b: number) => [Math.min(a, b), Math.max(a, b)] as const;
    box = stored(of, [sorted(start.y, end.y), sorted(start.x, end.x)]);
    showBox(marked, of, box);
    showEnds(box);
  };
  const end = () => {
    graph.ownerDocument.removeEventListener("pointermove", move);
    change({ box });
  };
  graph.ownerDocument.addEventListener("pointermove", move);
  graph.ownerDocument.addEventListener("pointerup", end, { once: true });
}

function valuesAt(
  { clientX, clientY }: PointerEvent,
  { x, y }: Plot,
  graph: SVGSVGElement,
): { x: number; y: number } {
  const frame = graph.getBoundingClientRect();
  const { width, height, left, right, top, bottom } = CHART;
  const part = (at: number, from: number, to: number) => Math.max(0, Math.min(1, (at - from) / (to - from)));
  const of = (axis: Axis, at: number) => axis.least + at * (axis.most - axis.least);
  return {
    x: of(x, part(((clientX - frame.left) / frame.width) * width, left, width - right)),
    y: of(y, part(((clientY - frame.top) / frame.height) * height, height - bottom, top)),
  };
}

/** A box with the digits that its maps are stored with: it marks the same pixels. */
function stored({ maps }: Plot, box: Box): Box {
  const [up, across] = box.map(([least, most], at): Range => {
    const digits = digitsOf(Object.values(maps[at]!.on)[0]!.coding.scale);
    return [Number(least.toFixed(digits)), Number(most.toFixed(digits))];
  });
  return [up!, across!];
}
