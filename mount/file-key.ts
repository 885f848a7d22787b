/**
 * A file's identity within its file system: up to 80 octets that only that file system understands, as an NFSv3 file handle is (RFC 1813 §2.5).
 * A foreign handle (64 octets) fits, with what a name space
 * puts before it. It stays the same while the file exists: over restarts, renames of the file or of a directory above it. One character holds one octet, so that a key compares
 * by `===` and can be looked up in a Map.
 */

export const FILE_KEY_OCTETS_MAX = 80;

declare const brand: unique symbol;
export type FileKey = string & { readonly [brand]: true };

/** The key with these octets. Throws a RangeError when they are more: a file system makes its own keys, so that is a bug in it. */
export function fileKey(octets: Uint8Array): FileKey {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
  if (!isFileKey(text))
    throw new RangeError(`a file key has at most ${FILE_KEY_OCTETS_MAX} octets, not ${octets.length}`);
  return text;
}

/** The key with these octets, each given as a character below U+0100. */
export function fileKeyOf(text: string): FileKey {
  if (!isFileKey(text))
    throw new RangeError(`a file key has at most ${FILE_KEY_OCTETS_MAX} octets, not ${text.length}`);
  return text;
}

export function fileKeyOctets(key: FileKey): Uint8Array {
  return Buffer.from(key, "latin1");
}

function isFileKey(text: string): text is FileKey {
  return text.length <= FILE_KEY_OCTETS_MAX;
}
