/** Elements of the page, made in one expression; no text is ever taken for HTML. */

type Attributes = Readonly<Record<string, string | number | boolean | EventListener | undefined>>;
export type Child = Node | string | number | undefined | false;

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (`onclick` ...) and children. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled<Kind extends Element>(
  element: Kind,
  attributes: Attributes,
  children: readonly Child[],
): Kind {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  fill(element, ...children);
  return element;
}

/** Put children in the place of those that an element has. */
export function fill(element: Element, ...children: readonly Child[]): void {
  const shown = children.filter(
    (child): child is Node | string | number => child !== undefined && child !== false,
  );
  element.replaceChildren(...shown.map((child) => (typeof child === "number" ? String(child) : child)));
}

/** A table with the titles of its columns. */
export function table(
  attributes: Attributes,
  titles: readonly string[],
  rows: readonly HTMLTableRowElement[],
): HTMLTableElement {
  const head = titles.map((title) => el("th", { scope: "col" }, title));
  return el("table", attributes, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

/** A row of it. */
export function row(attributes: Attributes, ...cells: readonly Child[]): HTMLTableRowElement {
  return el("tr", attributes, ...cells.map((cell) => el("td", {}, cell)));
}

/** An element of the page that is there from the beginning. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as Kind;
}

/** Have a file saved by the browser. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  el("a", { href: url, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Rows as CSV (RFC 4180): quoted where needed, numbers with all their digits. */
export function csv(rows: readonly (readonly (string | number | undefined)[])[]): Blob {
  const cell = (value: string | number | undefined): string => {
    const text = value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return new Blob([rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")], { type: "text/csv" });
}
