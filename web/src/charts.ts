/** Small charts as SVG: axes with units, and a text that says the same. */

import { type Child, svg } from "./dom";
import { round } from "./words";

export interface Axis {
  readonly label: string;
  readonly least: number;
  readonly most: number;
}

export const CHART = { width: 300, height: 170, left: 46, right: 10, top: 10, bottom: 34 } as const;

/** Where a value of an axis is in a chart. */
export function across(axis: Axis, value: number): number {
  return (
    CHART.left + ((value - axis.least) / (axis.most - axis.least)) * (CHART.width - CHART.left - CHART.right)
  );
}

export function up(axis: Axis, value: number): number {
  const height = CHART.height - CHART.top - CHART.bottom;
  return CHART.height - CHART.bottom - ((value - axis.least) / (axis.most - axis.least)) * height;
}

/** A chart with its axes around what is drawn in it. */
export function chart(x: Axis, y: Axis, description: string, ...content: readonly Child[]): SVGSVGElement {
  const { width, height, left, right, top, bottom } = CHART;
  const below = height - bottom;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": description, class: "chart" },
    ...ticks(y).flatMap((value) => [
      svg("line", { x1: left, x2: width - right, y1: up(y, value), y2: up(y, value), class: "grid" }),
      svg("text", { x: left - 5, y: up(y, value) + 3.5, "text-anchor": "end" }, round(value)),
    ]),
    ...ticks(x).map((value) =>
      svg("text", { x: across(x, value), y: below + 13, "text-anchor": "middle" }, round(value)),
    ),
    svg("line", { x1: left, x2: width - right, y1: below, y2: below, class: "axis" }),
    svg(
      "text",
      { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle", class: "label" },
      x.label,
    ),
    svg(
      "text",
      { x: -(top + below) / 2, y: 10, "text-anchor": "middle", class: "label", transform: "rotate(-90)" },
      y.label,
    ),
    ...content,
  );
}

/** Round values within an axis, four or so. */
function ticks({ least, most }: Axis): number[] {
  const raw = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= raw) ?? 10);
  const first = Math.ceil(least / step - 1e-9);
  const found: number[] = [];
  for (let at = first; at * step <= most + step * 1e-9; at++) found.push(at * step);
  return found;
}

/** A line through points; it breaks where a value is missing. */
export function path(points: readonly (readonly [number, number] | undefined)[]): string {
  let isBroken = true;
  const parts = points.map((point) => {
    if (!point) {
      isBroken = true;
      return "";
    }
    const command = isBroken ? "M" : "L";
    isBroken = false;
    return `${command}${point[0].toFixed(2)} ${point[1].toFixed(2)}`;
  });
  return parts.join("");
}
