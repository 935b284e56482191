/**
 * The peer of benchmarks/viewer.py: a map drawn by OpenLayers' own GeoZarr source, as its documents say it is used.
 *
 * The address says what: `url` of the group of levels, `map`, `code` of its projection, `x`, `y` and `res` of the view,
 * and `low` and `high`, the codes at the ends of the colours.
 */

import OlMap from "ol/Map";
import View from "ol/View";
import TileLayer from "ol/layer/WebGLTile";
import Projection from "ol/proj/Projection";
import GeoZarr from "ol/source/GeoZarr";

const said = new URLSearchParams(location.search);
const number = (name: string) => Number(said.get(name));
const isDegrees = said.get("code") === "IAU_2015:30100";
const projection = new Projection({
  code: said.get("code")!,
  units: isDegrees ? "degrees" : "m",
  extent: isDegrees ? [-180, -90, 180, 90] : [-3474800, -3474800, 3474800, 3474800],
});
const source = new GeoZarr({
  url: new URL(said.get("url")!, location.href).href,
  bands: [said.get("map")!],
  projection,
  resample: "nearest",
  transition: 0,
});
const box = document.getElementById("map")!;
const layer = new TileLayer({
  source,
  style: {
    color: [
      "interpolate",
      ["linear"],
      ["band", 1],
      number("low"),
      [68, 1, 84, 1],
      number("high"),
      [253, 231, 37, 1],
    ],
  },
});
source.on("change", () => {
  if (source.getState() === "error") box.dataset["failed"] = String(source.error_);
});
source.on("tileloaderror", () => (box.dataset["failed"] = "a tile could not be read"));
const map = new OlMap({
  target: box,
  controls: [],
  layers: [layer],
  view: new View({ projection, center: [number("x"), number("y")], resolution: number("res") }),
});
map.on("rendercomplete", () => {
  if (source.getState() === "ready") box.setAttribute("aria-busy", "false");
});
