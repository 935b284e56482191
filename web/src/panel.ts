/** The column of controls: every one shows the state, and changes it. */

import { css, rgbaOf } from "./colours";
import { type Child, byId, el, fill } from "./dom";
import { KINDS, type Kind } from "./moon";
import { coloursOf } from "./picture";
import { type Entry, type Root, called, recordsOf } from "./root";
import { SHOWN_KINDS, type Scene } from "./scene";
import { OVERLAYS, type Overlay, type State, change, state } from "./state";
import { MAPS, PALETTES } from "./tables";
import { sameIn, show, sight } from "./view";
import { round, typed } from "./words";

const KIND_NAMES: Readonly<Record<Kind, string>> = {
  plate: "Map",
  north: "North",
  south: "South",
  globe: "Globe",
};
const RECORD_NAMES: Readonly<Record<string, string>> = {
  runs: "Runs",
  gravity: "Gravity",
  comparisons: "Differences",
};
const METHODS: Readonly<Record<string, string>> = {
  cnn: "By networks",
  derived: "By networks",
  equation: "By equations",
  novelty: "How sure",
  chance: "Chance of training",
  interval: "Half-widths of intervals",
};
const OVERLAY_NAMES: Readonly<Record<Overlay, string>> = {
  graticule: "graticule",
  names: "names",
  stations: "stations",
  candidates: "mare candidates",
  relief: "shaded relief",
};

/** Make the controls of a root; the parts of other modules come after those of this one. */
export function buildPanel(root: Root, parts: readonly HTMLElement[], fit: () => void): void {
  fill(
    byId("controls"),
    section("Map", mapControls(root, fit)),
    section("View", [viewControls()]),
    section("Compare", [el("div", { id: "compare" })]),
    section("Over the map", [el("div", { id: "overlays" })]),
    ...parts,
    el(
      "p",
      { class: "hint" },
      "Keys on the map: arrows, + and −, Enter asks about the middle. ",
      el("a", { href: "./THIRD_PARTY.txt" }, "Licences"),
    ),
  );
  byId("fold").addEventListener("click", () => {
    const isFolded = byId("panel").classList.toggle("folded");
    byId("fold").setAttribute("aria-expanded", String(!isFolded));
  });
}

export function section(title: string, content: readonly Child[]): HTMLElement {
  return el("section", { "aria-label": title }, el("h2", {}, title), ...content);
}

function mapControls(root: Root, fit: () => void): Child[] {
  return [
    el("label", { class: "field" }, el("span", {}, "Made by"), recordSelect(root)),
    el(
      "label",
      { class: "field" },
      el("span", {}, "Map"),
      el("select", {
        id: "map-name",
        onchange: (event) =>
          change({ map: chosen(event), range: undefined, palette: undefined, box: undefined }),
      }),
    ),
    el("div", { id: "legend" }),
    el(
      "div",
      { class: "row" },
      el("label", {}, "from ", rangeInput("least")),
      el("label", {}, "to ", rangeInput("most")),
    ),
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", id: "fit", onclick: fit }, "Fit to view"),
      el(
        "button",
        {
          type: "button",
          id: "reset",
          onclick: () => change({ range: undefined, palette: undefined, opacity: 1 }),
        },
        "Reset",
      ),
    ),
    el(
      "label",
      { class: "field" },
      el("span", {}, "Palette"),
      el(
        "select",
        { id: "palette", onchange: (event) => change({ palette: chosen(event) }) },
        ...Object.keys(PALETTES).map((name) => el("option", { value: name }, name)),
      ),
    ),
    el(
      "label",
      { class: "field" },
      el("span", {}, "Opacity"),
      el("input", {
        id: "opacity",
        type: "range",
        min: 0,
        max: 1,
        step: 0.05,
        oninput: (event) => change({ opacity: Number(chosen(event)) }),
      }),
    ),
  ];
}

function recordSelect(root: Root): HTMLSelectElement {
  const groups = SHOWN_KINDS.map((kind) =>
    recordsOf(root, kind)
      .filter((entry) => kind !== "comparisons" || entry.facts["pairs"] !== undefined)
      .map((entry) => el("option", { value: `${entry.kind}/${entry.id}` }, called(entry))),
  );
  return el(
    "select",
    {
      id: "of",
      onchange: (event) => {
        const of = chosen(event);
        // Another kind of record has other maps: the first of them is shown.
        const isOther = of.split("/")[0] !== (byId("of").dataset["shown"] ?? "").split("/")[0];
        change({
          of,
          other: undefined,
          range: undefined,
          palette: undefined,
          ...(isOther && { map: FIRST[of.split("/")[0]!] ?? "" }),
        });
      },
    },
    ...groups.map(
      (options, place) =>
        options.length > 0 && el("optgroup", { label: RECORD_NAMES[SHOWN_KINDS[place]!]! }, ...options),
    ),
  );
}

const FIRST: Readonly<Record<string, string>> = {
  runs: "feo_cnn",
  gravity: "bouguer_anomaly",
};

function rangeInput(end: "least" | "most"): HTMLInputElement {
  return el("input", {
    id: end,
    type: "text",
    inputmode: "decimal",
    class: "number",
    "aria-label": end === "least" ? "Least value of the colours" : "Greatest value of the colours",
    onchange: takeRange,
  });
}

function takeRange(): void {
  const [least, most] = ["least", "most"].map((id) => typed(byId<HTMLInputElement>(id).value));
  const isRange = least !== undefined && most !== undefined && least < most;
  for (const id of ["least", "most"])
    byId<HTMLInputElement>(id).setCustomValidity(isRange ? "" : "Two numbers, the smaller one first");
  if (isRange) change({ range: [least, most] });
  else byId<HTMLInputElement>("most").reportValidity();
}

function viewControls(): HTMLElement {
  return el(
    "div",
    { class: "segments", role: "radiogroup", "aria-label": "Projection" },
    ...KINDS.map((kind) =>
      el(
        "label",
        {},
        el("input", {
          type: "radio",
          name: "kind",
          value: kind,
          onchange: () => show(sameIn(kind, sight())),
        }),
        KIND_NAMES[kind],
      ),
    ),
  );
}

/** Show a scene and its state in all controls. */
export function showPanel(scene: Scene): void {
  const now = state();
  const { range, palette } = coloursOf(scene, now);
  const name = `${scene.entry.kind}/${scene.entry.id}`;
  byId<HTMLSelectElement>("of").value = name;
  byId("of").dataset["shown"] = name;
  fill(byId("map-name"), ...mapOptions(scene));
  byId<HTMLSelectElement>("map-name").value = scene.map.name;
  // All digits: what is not typed anew stays as it was.
  byId<HTMLInputElement>("least").value = String(range[0]);
  byId<HTMLInputElement>("most").value = String(range[1]);
  byId<HTMLSelectElement>("palette").value = palette;
  byId<HTMLInputElement>("opacity").value = String(now.opacity);
  showLegend(scene, now);
  showCompare(scene, now);
  showOverlays(scene, now);
}

export function showKind(kind: Kind): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name="kind"]'))
    input.checked = input.value === kind;
}

function mapOptions({ maps }: Scene): HTMLElement[] {
  const groups = Map.groupBy(maps, ({ name }) => METHODS[MAPS[name]?.method ?? ""] ?? "Maps");
  return [...groups].map(([title, members]) =>
    el(
      "optgroup",
      { label: title },
      ...members.map(({ name, longName, units }) =>
        el("option", { value: name }, MAPS[name]?.label ?? (units ? `${longName} (${units})` : longName)),
      ),
    ),
  );
}

function showLegend(scene: Scene, now: State): void {
  const { range, palette } = coloursOf(scene, now);
  const isDifference = scene.other && now.how === "difference";
  const middle = (range[0] + range[1]) / 2;
  fill(
    byId("legend"),
    el("div", {}, isDifference ? `difference of ${scene.look.label}` : scene.look.label),
    paletteBar(palette),
    el(
      "div",
      { class: "ends" },
      ...[range[0], middle, range[1]].map((value) => el("span", {}, round(value))),
    ),
  );
}

/** A palette from left to right. */
function paletteBar(palette: string): HTMLCanvasElement {
  const canvas = el("canvas", { width: 256, height: 1, role: "img", "aria-label": `Palette ${palette}` });
  const context = canvas.getContext("2d")!;
  const rgba = rgbaOf(palette);
  for (let index = 0; index < 256; index++) {
    context.fillStyle = css(rgba, index);
    context.fillRect(index, 0, 1, 1);
  }
  return canvas;
}

function showCompare(scene: Scene, now: State): void {
  const others = recordsOf(scene.root, scene.entry.kind);
  const select = el(
    "select",
    {
      id: "other",
      "aria-label": "Compare with",
      onchange: (event) =>
        change({ other: chosen(event) || undefined, range: undefined, palette: undefined }),
    },
    el("option", { value: "" }, "nothing"),
    ...others.map((entry: Entry) => el("option", { value: `${entry.kind}/${entry.id}` }, called(entry))),
  );
  select.value = now.other ?? "";
  const how = (value: State["how"], label: string) =>
    el(
      "label",
      {},
      el("input", {
        type: "radio",
        name: "how",
        value,
        ...(now.how === value && { checked: true }),
        onchange: () => change({ how: value, range: undefined, palette: undefined }),
      }),
      label,
    );
  refill(
    byId("compare"),
    select,
    now.other !== undefined &&
      el(
        "div",
        { class: "row", role: "radiogroup", "aria-label": "How to compare" },
        how("swipe", "swipe"),
        how("difference", "difference"),
      ),
    now.other !== undefined &&
      el(
        "p",
        { class: "hint" },
        now.how === "difference"
          ? "The record above minus this one, in the map's unit."
          : "The record above on the left, this one on the right.",
      ),
  );
}

function showOverlays(scene: Scene, now: State): void {
  const box = (overlay: Overlay) =>
    el(
      "label",
      {},
      el("input", {
        type: "checkbox",
        id: `show-${overlay}`,
        ...(now.shown.has(overlay) && { checked: true }),
        onchange: () => toggle(overlay),
      }),
      OVERLAY_NAMES[overlay],
    );
  const bits = [...(Object.values(scene.quality?.on ?? {})[0]?.coding.flags ?? [])];
  const bit = ([value, meaning]: [number, string]) =>
    el(
      "label",
      {},
      el("input", {
        type: "checkbox",
        id: `flag-${value}`,
        ...((now.quality & value) !== 0 && { checked: true }),
        onchange: () => change({ quality: state().quality ^ value }),
      }),
      el("span", {}, meaning),
    );
  const isOpen = document.querySelector<HTMLDetailsElement>("#flags")?.open ?? now.quality !== 0;
  refill(
    byId("overlays"),
    el("div", { class: "row" }, ...OVERLAYS.map(box)),
    now.shown.has("candidates") &&
      el(
        "p",
        { class: "hint" },
        scene.candidates.length
          ? "Yellow: composition of maria; red: high FeO besides. Poleward of the limit of the search."
          : "This root has no candidates that can be placed.",
      ),
    now.shown.has("relief") &&
      el(
        "p",
        { class: "hint" },
        scene.relief
          ? "Shade by the attraction of the topography, heights four times themselves; lower the opacity of the map to see it."
          : "This root has no gravity, and so no relief.",
      ),
    bits.length > 0 &&
      el(
        "details",
        { id: "flags", ...(isOpen && { open: true }) },
        el("summary", {}, "Mark pixels by quality"),
        el("div", { class: "list" }, ...bits.map(bit)),
      ),
  );
}

function toggle(overlay: Overlay): void {
  const shown = new Set(state().shown);
  if (!shown.delete(overlay)) shown.add(overlay);
  change({ shown });
}

/** Fill an element again without taking the focus from the control of the same id. */
function refill(element: HTMLElement, ...children: readonly Child[]): void {
  const focused = element.contains(document.activeElement)
    ? (document.activeElement as HTMLInputElement)
    : undefined;
  fill(element, ...children);
  const again = focused?.id
    ? document.getElementById(focused.id)
    : focused && element.querySelector<HTMLElement>(`[name="${focused.name}"][value="${focused.value}"]`);
  again?.focus();
}

function chosen(event: Event): string {
  return (event.target as HTMLSelectElement | HTMLInputElement).value;
}
