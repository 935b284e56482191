/** The codec `crc32c` that looks at the checksum: zarrita's own cuts it off, and shows damaged chunks as numbers. */

// Castagnoli's polynomial, its bits reversed.
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** CRC-32C of some bytes (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}

/** As zarrita asks for codecs. */
export const checkedCrc32c = {
  fromConfig: () => ({
    kind: "bytes_to_bytes" as const,
    encode: (): never => {
      throw new Error("nothing is written here");
    },
    decode(bytes: Uint8Array): Uint8Array {
      const content = bytes.subarray(0, bytes.length - 4);
      const stored = new DataView(bytes.buffer, bytes.byteOffset + content.length, 4).getUint32(0, true);
      if (crc32c(content) !== stored) {
        throw new Error(
          "its checksum is wrong; `lunarcloud verify` finds all that is damaged, `lunarcloud repair` mends it",
        );
      }
      return content;
    },
    computeEncodedSize: (decoded: number) => decoded + 4,
  }),
};
