/** What is seen, to take away: a picture, its pixels, a link. */

import { centreOf, pixelMetres, rasterFor, within, needed } from "./levels";
import { rgbaOf, css } from "./colours";
import { read } from "./chunks";
import { csv, el, fill, save } from "./dom";
import { METRES_A_DEGREE, isPole, toPlane } from "./moon";
import { section } from "./panel";
import { coloursOf, valueOf } from "./picture";
import type { Raster, StoredMap } from "./root";
import { type Scene } from "./scene";
import { state, written } from "./state";
import { sight, size } from "./view";
import { round } from "./words";
import { wordsOf } from "./requests";

const MOST_ROWS = 250_000;
/** Height of the strip with colours and words below a picture, CSS pixels. */
const STRIP = 64;

export function savingSection(scene: () => Scene | undefined): HTMLElement {
  const said = el("p", { class: "hint", role: "status" });
  const button = (id: string, label: string, act: (of: Scene) => Promise<string>) =>
    el(
      "button",
      {
        type: "button",
        id,
        onclick: async () => {
          const of = scene();
          if (!of) return;
          fill(said, "…");
          fill(said, await act(of).catch((error: unknown) => wordsOf(error)));
        },
      },
      label,
    );
  return section("Take away", [
    el(
      "div",
      { class: "row" },
      button("save-png", "PNG", savePicture),
      button("save-csv", "CSV", saveValues),
      button("copy-link", "Copy link", copyLink),
    ),
    said,
  ]);
}

async function copyLink(): Promise<string> {
  await navigator.clipboard.writeText(`${location.href.split("#")[0]}#${written(state())}`);
  return "The link to exactly this view is copied.";
}

/** The map as it is on the screen, with its colours, its scale and where it comes from. */
async function savePicture(scene: Scene): Promise<string> {
  const canvas = pictureOf(scene);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) return "The picture could not be made.";
  save(`${scene.map.name}.png`, blob);
  return `${canvas.width} × ${canvas.height} pixels.`;
}

function pictureOf(scene: Scene): HTMLCanvasElement {
  const { width, height } = size();
  const ratio = window.devicePixelRatio;
  const canvas = el("canvas", {
    width: Math.round(width * ratio),
    height: Math.round((height + STRIP) * ratio),
  });
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  context.fillStyle = "#0d1016";
  context.fillRect(0, 0, width, height);
  for (const layer of document.querySelectorAll<HTMLCanvasElement>("#map canvas"))
    context.drawImage(layer, 0, 0, width, height);
  drawStrip(context, scene, width, height);
  return canvas;
}

function drawStrip(context: CanvasRenderingContext2D, scene: Scene, width: number, top: number): void {
  const { range, palette } = coloursOf(scene, state());
  const rgba = rgbaOf(palette);
  const wide = Math.min(300, width / 2 - 20);
  context.fillStyle = "#fff";
  context.fillRect(0, top, width, STRIP);
  for (let index = 0; index < 256; index++) {
    context.fillStyle = css(rgba, index);
    context.fillRect(12 + (index * wide) / 256, top + 24, wide / 256 + 0.6, 12);
  }
  context.fillStyle = "#111";
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.fillText(scene.look.label, 12, top + 13);
  [range[0], (range[0] + range[1]) / 2, range[1]].forEach((value, place) => {
    context.textAlign = (["left", "center", "right"] as const)[place]!;
    context.fillText(round(value), 12 + (place * wide) / 2, top + 48);
  });
  const bar = document.getElementById("bar")!.getBoundingClientRect().width;
  context.textAlign = "right";
  context.fillRect(width - 12 - bar, top + 16, bar, 2);
  context.fillText(document.getElementById("length")!.textContent ?? "", width - 12, top + 30);
  context.fillText(
    [`${scene.entry.kind}/${scene.entry.id}`, ...scene.entry.notes].join(" · "),
    width - 12,
    top + 48,
  );
}

/** The pixels of the map that are seen: places and values, of the level that is shown or the next that is not too many. */
async function saveValues(scene: Scene): Promise<string> {
  const maps = [scene.map, ...(scene.other ? [scene.other.map] : [])];
  const tables = await Promise.all(maps.map((map) => valuesSeen(map)));
  const [first, second] = tables as [Seen, Seen?];
  const beside = new Map(second?.rows.map(({ lat, lon, value }) => [`${lat},${lon}`, value]));
  const names = maps.map(({ name, entry }) => (maps.length > 1 ? `${name} ${entry.id}` : name));
  save(
    `${scene.map.name}.csv`,
    csv([
      ["lat", "lon", ...names],
      ...first.rows.map(({ lat, lon, value }) => [
        lat,
        lon,
        value,
        ...(second ? [beside.get(`${lat},${lon}`)] : []),
      ]),
    ]),
  );
  return `${first.rows.length.toLocaleString("en")} pixels of level ${first.level}, centres in degrees, values in ${scene.map.units || "their own unit"}.`;
}

interface Seen {
  readonly level: number;
  readonly rows: readonly {
    readonly lat: number;
    readonly lon: number;
    readonly value: number | undefined;
  }[];
}

async function valuesSeen(map: StoredMap): Promise<Seen> {
  const now = sight();
  const { width, height } = size();
  const raster = rasterFor(map, now.kind)!;
  const coarser: Raster[] = raster.levels.map((_, from) => ({
    ...raster,
    levels: raster.levels.slice(from),
  }));
  const metres = now.resolution * (isPole(now.kind) ? 1 : METRES_A_DEGREE);
  const many = (level: number) => width * height * (metres / pixelMetres(raster, level)) ** 2;
  const least = raster.levels.findIndex((_, level) => many(level) <= MOST_ROWS);
  const from = least < 0 ? raster.levels.length - 1 : least;
  const need = needed(coarser[from]!, now, size(), 1);
  if (!need) return { level: from, rows: [] };
  const level = from + need.level;
  const rows = await Promise.all(
    need.chunks.map(async (wanted) => {
      const codes = await read(wanted);
      const { chunk, rows: down, cols } = wanted.level;
      const [top, left] = [wanted.at[0]! * chunk, wanted.at[1]! * chunk];
      const found: { lat: number; lon: number; value: number | undefined }[] = [];
      for (let row = top; row < Math.min(top + chunk, down); row++) {
        for (let col = left; col < Math.min(left + chunk, cols); col++) {
          const place = centreOf(raster, { level, row, col });
          const at = toPlane(now, place);
          // A map goes on at the seam: as far from the middle as half a turn.
          const x =
            at &&
            (now.kind === "plate" ? ((((at[0] - now.x + 540) % 360) + 360) % 360) - 180 : at[0] - now.x);
          if (
            !at ||
            Math.abs(x!) > (width / 2) * now.resolution ||
            Math.abs(at[1] - now.y) > (height / 2) * now.resolution
          )
            continue;
          const code = codes[within(wanted.level, { level, row, col })]!;
          found.push({ lat: place.lat, lon: place.lon, value: valueOf(raster, code) });
        }
      }
      return found;
    }),
  );
  return { level, rows: rows.flat() };
}
