/** The scale bar: a round length on the ground, along a row of the screen through its middle. */

import { byId } from "./dom";
import { type Sight, metresAPixel } from "./moon";
import { lengthText } from "./words";

const LONGEST_PX = 150;

export function showScale(sight: Sight): void {
  const pixel = metresAPixel(sight);
  const metres = roundBelow(pixel * LONGEST_PX);
  byId("bar").style.width = `${metres / pixel}px`;
  byId("length").textContent = lengthText(metres);
  byId("scale").dataset["metres"] = String(metres);
  byId("scale").setAttribute("aria-label", `Scale in the middle of the map: ${lengthText(metres)}`);
}

/** The largest of 1, 2 and 5 times a power of ten below a length. */
function roundBelow(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres));
  return power * ([5, 2, 1].find((each) => each * power <= metres) ?? 1);
}
