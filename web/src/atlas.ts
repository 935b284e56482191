/** A raster on the graphics card: its chunks in the layers of one texture, and a table that says which is where. */

import { type Wanted, chunkOf } from "./chunks";
import { MOST_CHUNKS } from "./levels";
import type { Raster } from "./root";
import { type Sampler, TABLE_WIDTH } from "./shaders";

// Layers that a texture has at first, and as many as WebGL promises.
const FIRST_LAYERS = 16;
const MOST_LAYERS = 256;
// Layers beyond those of one view are kept for the way back.
const SPARE = 1.5;

interface Format {
  readonly internal: number;
  readonly type: number;
  readonly sampler: Sampler;
}

export class Atlas {
  readonly format: Format;
  /** First entry of each level in the table. */
  readonly offsets: readonly number[];
  readonly table: WebGLTexture;
  codes: WebGLTexture;

  readonly #entries: Int16Array;
  readonly #edge: number;
  /** Layers by the chunk's entry, the least recently wanted first. */
  readonly #pages = new Map<number, { layer: number; wanted: Wanted }>();
  #layers: number;

  constructor(
    readonly gl: WebGL2RenderingContext,
    readonly raster: Raster,
  ) {
    this.format = formatOf(gl, raster.levels[0]!.metadata.data_type);
    const sizes = raster.levels.map(
      ({ rows, cols, chunk }) => Math.ceil(rows / chunk) * Math.ceil(cols / chunk),
    );
    this.offsets = sizes.map((_, level) => sizes.slice(0, level).reduce((sum, size) => sum + size, 0));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.#entries = new Int16Array(TABLE_WIDTH * Math.ceil(total / TABLE_WIDTH)).fill(-1);
    this.#edge = Math.max(...raster.levels.map(({ chunk }) => chunk));
    this.table = newTexture(gl, gl.TEXTURE_2D);
    this.#layers = FIRST_LAYERS;
    this.codes = this.#allocated();
    this.#writeTable();
  }

  /** Put the chunks of a view that are here on the card. */
  update(chunks: readonly Wanted[]): void {
    const wanted = chunks.map((chunk) => [this.#entryOf(chunk), chunk] as const);
    // What is there already first, so that none of it makes room for the others.
    for (const [entry] of wanted) {
      const known = this.#pages.get(entry);
      if (known && this.#pages.delete(entry)) this.#pages.set(entry, known);
    }
    const arrived = wanted.filter(
      ([entry, chunk]) => !this.#pages.has(entry) && chunkOf(chunk) !== undefined,
    );
    for (const [entry, chunk] of arrived) this.#put(entry, chunk, this.#freeLayer());
    if (arrived.length) this.#writeTable();
  }

  delete(): void {
    this.gl.deleteTexture(this.codes);
    this.gl.deleteTexture(this.table);
  }

  #entryOf({ level, at }: Wanted): number {
    const [row, col] = at as [number, number];
    return this.offsets[this.raster.levels.indexOf(level)]! + row * Math.ceil(level.cols / level.chunk) + col;
  }

  #freeLayer(): number {
    const most = Math.min(MOST_LAYERS, Math.floor(MOST_CHUNKS * SPARE));
    if (this.#pages.size === this.#layers && this.#layers < most)
      this.#grow(Math.min(most, 2 * this.#layers));
    if (this.#pages.size < this.#layers) return this.#pages.size;
    const [entry, { layer }] = this.#pages.entries().next().value!;
    this.#pages.delete(entry);
    this.#entries[entry] = -1;
    return layer;
  }

  /** A larger texture; WebGL cannot enlarge one, so its chunks are uploaded again. */
  #grow(layers: number): void {
    this.gl.deleteTexture(this.codes);
    this.#layers = layers;
    this.codes = this.#allocated();
    const before = [...this.#pages];
    this.#pages.clear();
    this.#entries.fill(-1);
    for (const [entry, { wanted }] of before) {
      if (chunkOf(wanted)) this.#put(entry, wanted, this.#pages.size);
    }
  }

  #allocated(): WebGLTexture {
    const { gl } = this;
    const texture = newTexture(gl, gl.TEXTURE_2D_ARRAY);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, this.format.internal, this.#edge, this.#edge, this.#layers);
    return texture;
  }

  #put(entry: number, wanted: Wanted, layer: number): void {
    const { gl } = this;
    this.#pages.set(entry, { layer, wanted });
    this.#entries[entry] = layer;
    const { chunk } = wanted.level;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.codes);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const codes = chunkOf(wanted)!;
    gl.texSubImage3D(
      gl.TEXTURE_2D_ARRAY,
      0,
      0,
      0,
      layer,
      chunk,
      chunk,
      1,
      gl.RED_INTEGER,
      this.format.type,
      codes,
    );
  }

  #writeTable(): void {
    const { gl } = this;
    const height = this.#entries.length / TABLE_WIDTH;
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16I, TABLE_WIDTH, height, 0, gl.RED_INTEGER, gl.SHORT, this.#entries);
  }
}

/** Whether codes of a type can be drawn. */
export function canDraw(dataType: string): boolean {
  return ["uint8", "uint16", "int32"].includes(dataType);
}

function formatOf(gl: WebGL2RenderingContext, dataType: string): Format {
  switch (dataType) {
    case "uint8":
      return { internal: gl.R8UI, type: gl.UNSIGNED_BYTE, sampler: "usampler2DArray" };
    case "uint16":
      return { internal: gl.R16UI, type: gl.UNSIGNED_SHORT, sampler: "usampler2DArray" };
    default:
      return { internal: gl.R32I, type: gl.INT, sampler: "isampler2DArray" };
  }
}

/** A texture whose texels are fetched as they are. */
export function newTexture(gl: WebGL2RenderingContext, target: number): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(target, texture);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(target, name, gl.NEAREST);
  for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(target, name, gl.CLAMP_TO_EDGE);
  return texture;
}
