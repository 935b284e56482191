/** Numbers and places as people read them. */

import type { Place } from "./moon";

/** Digits after the point that a step of stored values is worth. */
export function digitsOf(step: number): number {
  return Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
}

/** A value with as many digits as it is stored with. */
export function valueText(value: number, step: number): string {
  return value.toFixed(digitsOf(step)).replace("-", "\u2212");
}

/** A value with its chance as `7.156 ± 0.030`: as many digits as give two of the chance that count. */
export function withChance(value: number, chance: number): string {
  if (!(chance > 0)) return value.toPrecision(4);
  // Rounded first: of 0.0996 two digits are 0.10.
  const leading = Math.floor(Math.log10(Number(chance.toPrecision(2))) + 1e-9);
  const digits = Math.max(0, Math.min(6, 1 - leading));
  return `${value.toFixed(digits).replace("-", "\u2212")} ± ${chance.toFixed(digits)}`;
}

/** Latitude and longitude with so many digits. */
export function placeText({ lon, lat }: Place, digits = 3): string {
  const ns = lat < 0 ? "S" : "N";
  const ew = lon < 0 ? "W" : "E";
  return `${Math.abs(lat).toFixed(digits)}° ${ns} ${Math.abs(lon).toFixed(digits)}° ${ew}`;
}

/** A length in metres, with its unit. */
export function lengthText(metres: number): string {
  return metres < 1000 ? `${round(metres)} m` : `${round(metres / 1000)} km`;
}

/** An area in km2. */
export function areaText(km2: number): string {
  return `${km2 < 100 ? km2.toPrecision(3) : Math.round(km2).toLocaleString("en")} km²`;
}

/** Three digits that count, without an exponent. */
export function round(value: number): string {
  const shown = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return shown.toLocaleString("en", { maximumSignificantDigits: 21 }).replace("-", "\u2212");
}

/** A number typed by a person; nothing where it is none. */
export function typed(text: string): number | undefined {
  const value = Number(text.trim().replace("\u2212", "-").replace(",", "."));
  return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
}
