/**
 * Padmé: a ciphertext's length tells at most O(log log n) bits about the plaintext's, for at most 12 % more bytes.
 *
 * ```
 * u32be length || plaintext || zeros         total = max(PADDED_MIN_BYTES, padme(4 + length))
 * ```
 * @see PROTOCOL.md § Padding; "Reducing Metadata Leakage from Encrypted Files and Communication", §4
 */
import { u32be } from "../verify/transcript.ts";
import { u32 } from "../wire/codec.ts";
import { type Codec, reserve } from "../wire/encoding.ts";

/** Bytes of the smallest padded plaintext: below it Padmé's steps are so small that a yes differs from a no. */
export const PADDED_MIN_BYTES = 256;

/** Total bytes after padding of a plaintext of `length` bytes. */
export function paddedLength(length: number): number {
  return Math.max(PADDED_MIN_BYTES, padme(length + 4));
}

/** `plaintext` with its length in front and zeros behind. */
export function pad(plaintext: Uint8Array): Uint8Array {
  const out = new Uint8Array(paddedLength(plaintext.length));
  out.set(u32be(plaintext.length));
  out.set(plaintext, 4);
  return out;
}

/** Encodes what `pad(encode(codec, value))` gives, in one buffer instead of three. */
export function paddedWriter<T>(codec: Codec<T>): Pick<Codec<T>, "write"> {
  return {
    write: (writer, value) => {
      const at = writer.length;
      u32.write(writer, 0);
      codec.write(writer, value);
      const length = writer.length - at - 4;
      writer.view.setUint32(at, length);
      reserve(writer, paddedLength(length) - 4 - length);
    },
  };
}

/** The plaintext, a view of `padded`; or `undefined` when that is not exactly what {@link pad} makes. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length < PADDED_MIN_BYTES) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset, 4).getUint32(0);
  if (paddedLength(length) !== padded.length) return undefined;
  for (let at = 4 + length; at < padded.length; at++) if (padded[at] !== 0) return undefined;
  return padded.subarray(4, 4 + length);
}

/** Rounds `length`, up to 2^53, so that its binary form ends in zeros after the first log2(log2(length)) + 1 bits. */
export function padme(length: number): number {
  const exponent = length < 2 ** 32 ? 31 - Math.clz32(length) : 63 - Math.clz32(length / 2 ** 32);
  const mantissaBits = 32 - Math.clz32(exponent);
  const unit = 2 ** Math.max(0, exponent - mantissaBits);
  return Math.ceil(length / unit) * unit;
}
