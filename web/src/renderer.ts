/** Draws rasters into a canvas by WebGL: what is asked for, one coat above the other. */

import { Atlas, newTexture } from "./atlas";
import type { Wanted } from "./chunks";
import type { Shades } from "./colours";
import { type Needed, type Size, needed } from "./levels";
import { KINDS, RAD, type Sight } from "./moon";
import type { Raster } from "./root";
import { type Mode, type Sampler, VERTEX, fragment } from "./shaders";

export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** One coat of paint over the part of the screen between two parts (0..1) of its width. */
export interface Coat {
  readonly mode: Mode;
  /** One raster, or the two that are compared. */
  readonly rasters: readonly Raster[];
  readonly opacity: number;
  readonly from: number;
  readonly to: number;
  readonly shades?: Shades;
  readonly colour?: Colour;
  readonly mask?: number;
  /** Least and most code of the first raster, then of the second. */
  readonly box?: readonly [number, number, number, number];
  /** Metres of height a code. */
  readonly height?: number;
}

/** What a picture needs: the level of each raster, and whether some could not be drawn at all. */
export interface Drawn {
  readonly levels: ReadonlyMap<Raster, Needed>;
  readonly tooMuch: readonly Raster[];
}

// Rasters that stay on the card when another map is looked at.
const KEPT = 6;

export class Renderer {
  readonly canvas = document.createElement("canvas");
  readonly #gl: WebGL2RenderingContext;
  readonly #atlases = new Map<string, Atlas>();
  readonly #programs = new Map<string, WebGLProgram>();
  readonly #thresholds: WebGLTexture;
  readonly #palette: WebGLTexture;

  constructor() {
    const gl = this.canvas.getContext("webgl2", {
      antialias: false,
      premultipliedAlpha: true,
      // Read back for pictures and by tests.
      preserveDrawingBuffer: true,
    });
    if (!gl) throw new Error("this browser has no WebGL 2, which draws the maps");
    this.#gl = gl;
    this.#thresholds = newTexture(gl, gl.TEXTURE_2D);
    this.#palette = newTexture(gl, gl.TEXTURE_2D);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** What a sight needs of the rasters of some coats. */
  plan(coats: readonly Coat[], sight: Sight, size: Size, ratio: number): Drawn {
    const rasters = new Set(coats.flatMap((coat) => coat.rasters));
    const found = [...rasters].map((raster) => [raster, needed(raster, sight, size, ratio)] as const);
    return {
      levels: new Map(found.filter((pair): pair is readonly [Raster, Needed] => pair[1] !== undefined)),
      tooMuch: found.filter(([, need]) => !need).map(([raster]) => raster),
    };
  }

  /** Draw, with what is here of what is needed. */
  draw(coats: readonly Coat[], { levels }: Drawn, sight: Sight, size: Size, ratio: number): void {
    const gl = this.#gl;
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height)
      Object.assign(this.canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
    for (const [raster, need] of levels) this.#atlasOf(raster).update(need.chunks);
    for (const coat of coats) {
      if (!coat.rasters.every((raster) => levels.has(raster))) continue;
      const from = Math.round(coat.from * width);
      gl.scissor(from, 0, Math.round(coat.to * width) - from, height);
      this.#paint(coat, levels, sight, [width, height], ratio);
    }
    this.#forget(levels);
  }

  #paint(
    coat: Coat,
    levels: ReadonlyMap<Raster, Needed>,
    sight: Sight,
    size: [number, number],
    ratio: number,
  ): void {
    const gl = this.#gl;
    const atlases = coat.rasters.map((raster) => this.#atlasOf(raster));
    const program = this.#programOf(
      coat.mode,
      atlases.map(({ format }) => format.sampler),
    );
    const at = (name: string) => gl.getUniformLocation(program, name);
    gl.useProgram(program);
    gl.uniform1i(at("uKind"), KINDS.indexOf(sight.kind));
    gl.uniform2f(at("uMiddle"), sight.x, sight.y);
    gl.uniform2f(at("uTilt"), Math.sin(sight.y * RAD), Math.cos(sight.y * RAD));
    gl.uniform1f(at("uResolution"), sight.resolution / ratio);
    gl.uniform2f(at("uSize"), ...size);
    gl.uniform1f(at("uOpacity"), coat.opacity);
    gl.uniform4f(at("uColour"), ...(coat.colour ?? ([0, 0, 0, 0] as const)));
    gl.uniform1i(at("uMask"), coat.mask ?? 0);
    gl.uniform4i(at("uBox"), ...(coat.box ?? ([0, 0, 0, 0] as const)));
    gl.uniform1f(at("uHeight"), coat.height ?? 0);
    this.#bindShades(program, coat.shades);
    atlases.forEach((atlas, place) =>
      this.#bindRaster(program, atlas, place, levels.get(atlas.raster)!.level),
    );
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #bindShades(program: WebGLProgram, shades: Shades | undefined): void {
    const gl = this.#gl;
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.#thresholds);
    if (shades) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32I, 255, 1, 0, gl.RED_INTEGER, gl.INT, shades.thresholds);
    }
    gl.uniform1i(gl.getUniformLocation(program, "uThresholds"), 0);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.#palette);
    if (shades) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, shades.rgba);
    gl.uniform1i(gl.getUniformLocation(program, "uPalette"), 1);
  }

  #bindRaster(program: WebGLProgram, atlas: Atlas, place: number, level: number): void {
    const gl = this.#gl;
    const at = (name: string) => gl.getUniformLocation(program, name + "AB"[place]!);
    const { grid, levels, coding } = atlas.raster;
    const unit = 2 + 2 * place;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, atlas.codes);
    gl.uniform1i(at("uCodes"), unit);
    gl.activeTexture(gl.TEXTURE0 + unit + 1);
    gl.bindTexture(gl.TEXTURE_2D, atlas.table);
    gl.uniform1i(at("uTable"), unit + 1);
    const shapes = levels.flatMap(({ rows, cols, perUnit }, each) => [
      rows,
      cols,
      perUnit,
      atlas.offsets[each]!,
    ]);
    gl.uniform4fv(at("uShape"), shapes);
    gl.uniform2iv(
      at("uChunk"),
      levels.flatMap(({ chunk, cols }) => [chunk, Math.ceil(cols / chunk)]),
    );
    const kind = grid === "latlon" ? "plate" : grid;
    gl.uniform3i(at("uRaster"), KINDS.indexOf(kind), level, levels.length);
    gl.uniform2i(at("uFill"), coding.fill === undefined ? 0 : 1, coding.fill ?? 0);
  }

  #atlasOf(raster: Raster): Atlas {
    let atlas = this.#atlases.get(raster.id);
    atlas ??= new Atlas(this.#gl, raster);
    this.#atlases.delete(raster.id);
    this.#atlases.set(raster.id, atlas);
    return atlas;
  }

  /** Free the rasters that were not looked at for longest. */
  #forget(levels: ReadonlyMap<Raster, unknown>): void {
    for (const [id, atlas] of this.#atlases) {
      if (this.#atlases.size <= Math.max(KEPT, levels.size)) break;
      atlas.delete();
      this.#atlases.delete(id);
    }
  }

  #programOf(mode: Mode, samplers: readonly Sampler[]): WebGLProgram {
    const key = [mode, ...samplers].join();
    let program = this.#programs.get(key);
    if (!program) {
      program = linked(this.#gl, VERTEX, fragment(mode, samplers));
      this.#programs.set(key, program);
    }
    return program;
  }
}

/** All chunks of a plan, those in the middle of the screen first. */
export function chunksOf({ levels }: Drawn): Wanted[] {
  return [...levels.values()].flatMap(({ chunks }) => chunks);
}

function linked(gl: WebGL2RenderingContext, vertex: string, fragmentSource: string): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, text] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragmentSource],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS))
      throw new Error(gl.getShaderInfoLog(shader) ?? "no shader");
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS))
    throw new Error(gl.getProgramInfoLog(program) ?? "no program");
  return program;
}
