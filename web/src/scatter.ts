/** Two maps against each other, of the pixels that are seen; a box in the plot marks its pixels on the map. */

import { CHART, type Axis, chart, across, up } from "./charts";
import { rgbaOf } from "./colours";
import { type Child, byId, el, fill, svg } from "./dom";
import { section } from "./panel";
import { type Brush, shownAt } from "./picture";
import type { StoredMap } from "./root";
import type { Scene } from "./scene";
import { MAPS } from "./tables";
import { placeAt, size } from "./view";
import { round } from "./words";

// Screen pixels between the samples, and cells of the plot.
const STEP = 4;
const CELLS = 96;

interface Plot {
  readonly maps: readonly [StoredMap, StoredMap];
  readonly x: Axis;
  readonly y: Axis;
}

let second = "";
let plot: Plot | undefined;
let box: Brush["ranges"] | undefined;

/** Called when the map has to be painted again. */
let repaint: () => void = () => undefined;

export function scatterSection(whenBrushed: () => void): HTMLElement {
  repaint = whenBrushed;
  return section("Two maps", [
    el("select", {
      id: "second",
      "aria-label": "Plot against",
      onchange: (event) => {
        second = (event.target as HTMLSelectElement).value;
        box = undefined;
        repaint();
      },
    }),
    el("div", { id: "scatter" }),
  ]);
}

/** The maps of the plot, and the ranges that are marked; without a box an empty one, so that both are read. */
export function brush(scene: Scene): Brush | undefined {
  const other = scene.maps.find(({ name }) => name === second);
  return (
    other && {
      maps: [scene.map, other],
      ranges: box ?? [
        [1, 0],
        [1, 0],
      ],
    }
  );
}

/** Offer the maps of a scene. */
export function showScatter(scene: Scene): void {
  if (!scene.maps.some(({ name }) => name === second) || second === scene.map.name) second = "";
  const select = byId<HTMLSelectElement>("second");
  fill(
    select,
    el("option", { value: "" }, "no second map"),
    ...scene.maps
      .filter(({ name }) => name !== scene.map.name)
      .map((map) => el("option", { value: map.name }, `against ${labelOf(map)}`)),
  );
  select.value = second;
  if (!second) {
    plot = box = undefined;
    fill(byId("scatter"));
  }
}

/** Plot what is seen, once it is all there. */
export function plotSeen(scene: Scene): void {
  const other = scene.maps.find(({ name }) => name === second);
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
  fill(byId("scatter"), drawn(plot, points), ...hints(points.length));
}

function hints(count: number): Child[] {
  const [y, x] = box ?? [];
  return [
    el(
      "p",
      { class: "hint" },
      x && y
        ? `Marked: ${round(x[0])} to ${round(x[1])} and ${round(y[0])} to ${round(y[1])}.`
        : `${count.toLocaleString("en")} points of this view; drag a box to mark them on the map.`,
    ),
    box && el("button", { type: "button", onclick: () => mark(undefined) }, "Unmark"),
  ] as Child[];
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

function drawn({ x, y }: Plot, points: readonly [number, number][]): HTMLElement {
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
  showBox(marked, { x, y });
  const graph = chart(x, y, `Density of ${points.length} pixels: ${y.label} against ${x.label}`, marked);
  const area = el("div", { class: "scatter" }, canvas, graph);
  area.addEventListener("pointerdown", (event) => drag(event, graph, marked));
  return area;
}

function showBox(marked: SVGRectElement, { x, y }: { x: Axis; y: Axis }): void {
  if (!box) return;
  const [[low, high], [from, to]] = box;
  marked.setAttribute("x", String(across(x, from)));
  marked.setAttribute("width", String(across(x, to) - across(x, from)));
  marked.setAttribute("y", String(up(y, high)));
  marked.setAttribute("height", String(up(y, low) - up(y, high)));
}

/** Drag a box over the plot. */
function drag(event: PointerEvent, graph: SVGSVGElement, marked: SVGRectElement): void {
  event.preventDefault();
  const start = valuesAt(event, graph);
  const move = (to: PointerEvent) => {
    const end = valuesAt(to, graph);
    const sorted = (a: number, b: number) => [Math.min(a, b), Math.max(a, b)] as const;
    box = [sorted(start.y, end.y), sorted(start.x, end.x)];
    if (plot) showBox(marked, plot);
  };
  const end = () => {
    graph.ownerDocument.removeEventListener("pointermove", move);
    mark(box);
  };
  graph.ownerDocument.addEventListener("pointermove", move);
  graph.ownerDocument.addEventListener("pointerup", end, { once: true });
}

function valuesAt({ clientX, clientY }: PointerEvent, graph: SVGSVGElement): { x: number; y: number } {
  const frame = graph.getBoundingClientRect();
  const { width, height, left, right, top, bottom } = CHART;
  const part = (at: number, from: number, to: number) => Math.max(0, Math.min(1, (at - from) / (to - from)));
  const x = part(((clientX - frame.left) / frame.width) * width, left, width - right);
  const y = part(((clientY - frame.top) / frame.height) * height, height - bottom, top);
  const of = (axis: Axis, at: number) => axis.least + at * (axis.most - axis.least);
  return plot ? { x: of(plot.x, x), y: of(plot.y, y) } : { x: 0, y: 0 };
}

function mark(ranges: Brush["ranges"] | undefined): void {
  box = ranges;
  repaint();
}
