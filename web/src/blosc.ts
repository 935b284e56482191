/**
 * Decodes Blosc chunks as roots have them: zstd, plain or with shuffled bits (c-blosc's format, version 2).
 *
 * The usual build of c-blosc for browsers makes code from strings, which a strict policy forbids, and is eight times
 * as large.
 */

import { ZSTDDecoder } from "zstddec";

const HEADER = 16;
// Flags of the header.
const BYTES_SHUFFLED = 1;
const STORED = 2;
const BITS_SHUFFLED = 4;
const NOT_SPLIT = 16;
const ZSTD = 4;

const zstd = new ZSTDDecoder();
const ready = started();

/** zstddec fetches its own code from a `data:` URL, which a strict policy forbids, too: it is handed the bytes. */
async function started(): Promise<void> {
  const { fetch } = globalThis;
  globalThis.fetch = (url) => {
    const code = atob(String(url).slice(String(url).indexOf(",") + 1));
    return Promise.resolve(new Response(Uint8Array.from(code, (letter) => letter.charCodeAt(0))));
  };
  const isReady = zstd.init();
  globalThis.fetch = fetch;
  await isReady;
}

/** As zarrita asks for codecs. */
export const bloscCodec = {
  fromConfig: () => ({
    kind: "bytes_to_bytes" as const,
    encode: (): never => {
      throw new Error("nothing is written here");
    },
    async decode(chunk: Uint8Array): Promise<Uint8Array> {
      await ready;
      return decoded(chunk);
    },
  }),
};

function decoded(chunk: Uint8Array): Uint8Array {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const [flags, width] = [view.getUint8(2), view.getUint8(3)];
  const [bytes, block, stored] = [view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
  if (stored !== chunk.length)
    throw new Error(`a Blosc chunk of ${chunk.length} bytes says that it has ${stored}`);
  if (flags & STORED) return chunk.slice(HEADER, HEADER + bytes);
  if (flags >> 5 !== ZSTD || flags & BYTES_SHUFFLED)
    throw new Error("only Blosc with zstd and shuffled bits is read");
  const out = new Uint8Array(bytes);
  for (let from = 0, number = 0; from < bytes; from += block, number++) {
    const length = Math.min(block, bytes - from);
    // The last block is whole, where it is shorter than the others.
    const parts = flags & NOT_SPLIT || length < block ? 1 : width;
    const planes = unpacked(chunk, view, view.getUint32(HEADER + 4 * number, true), length, parts);
    const target = out.subarray(from, from + length);
    if (flags & BITS_SHUFFLED) unshuffle(planes, target, width);
    else target.set(planes);
  }
  return out;
}

/** A block from its streams, each after its length; one that got no shorter is stored as it is. */
function unpacked(
  chunk: Uint8Array,
  view: DataView,
  start: number,
  length: number,
  parts: number,
): Uint8Array {
  const out = new Uint8Array(length);
  const part = length / parts;
  for (let number = 0, at = start; number < parts; number++) {
    const stored = view.getUint32(at, true);
    const stream = chunk.subarray(at + 4, at + 4 + stored);
    const target = out.subarray(number * part, (number + 1) * part);
    const bytes = stored === part ? stream : zstd.decode(stream, part);
    if (bytes.length !== part) throw new Error("a Blosc block has another length than it says");
    target.set(bytes);
    at += 4 + stored;
  }
  return out;
}

/**
 * Bits back to where they were: of every byte of the elements there are eight planes, each with one bit of all.
 *
 * @param width Bytes of an element. Elements that are no multiple of eight were not shuffled.
 */
function unshuffle(planes: Uint8Array, out: Uint8Array, width: number): void {
  const elements = Math.floor(out.length / width);
  if (elements % 8) return out.set(planes);
  const plane = elements / 8;
  for (let byte = 0; byte < width; byte++) {
    const first = (byte * out.length) / width;
    for (let group = 0; group < plane; group++) {
      const at = first + group;
      // Eight rows of eight bits, four in each half, are transposed by swapping ever larger squares
      // (Warren, Hacker's Delight, 7-3).
      let low =
        planes[at]! |
        (planes[at + plane]! << 8) |
        (planes[at + 2 * plane]! << 16) |
        (planes[at + 3 * plane]! << 24);
      let high =
        planes[at + 4 * plane]! |
        (planes[at + 5 * plane]! << 8) |
        (planes[at + 6 * plane]! << 16) |
        (planes[at + 7 * plane]! << 24);
      let swapped = (low ^ (low >>> 7)) & 0x00aa00aa;
      low ^= swapped ^ (swapped << 7);
      swapped = (high ^ (high >>> 7)) & 0x00aa00aa;
      high ^= swapped ^ (swapped << 7);
      swapped = (low ^ (low >>> 14)) & 0x0000cccc;
      low ^= swapped ^ (swapped << 14);
      swapped = (high ^ (high >>> 14)) & 0x0000cccc;
      high ^= swapped ^ (swapped << 14);
      swapped = (low ^ (high << 4)) & 0xf0f0f0f0;
      low ^= swapped;
      high ^= swapped >>> 4;
      const to = group * 8 * width + byte;
      for (let element = 0; element < 4; element++) {
        out[to + element * width] = low >>> (8 * element);
        out[to + (element + 4) * width] = high >>> (8 * element);
      }
    }
  }
  // Bytes beyond the last whole element.
  out.set(planes.subarray(elements * width), elements * width);
}
