/** Reading and writing as the kernel wants it: whole, where a file system may do less at a time; and what was written is safe when a file is closed or synced. */
import { type FileKey } from "../file-key.ts";
import type { FileSystem } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { type Node } from "./nodes.ts";

/** Fewer octets than wanted tell the kernel that the file ends there. Whoever has sent them calls the releases. */
export async function readWhole(
  { fileSystem, releases }: { readonly fileSystem: FileSystem; readonly releases: (() => void)[] },
  file: FileKey,
  offset: number,
  sizeOctets: number,
): Promise<readonly Uint8Array[] | Status> {
  const pieces: Uint8Array[] = [];
  for (let count = 0; count < sizeOctets;) {
    const part = await fileSystem.read(file, offset + count, sizeOctets - count);
    if (isStatus(part)) return part;
    if (part.release !== undefined) releases.push(part.release);
    if (part.octets.length > 0) pieces.push(part.octets);
    count += part.octets.length;
    if (part.isEnd || part.octets.length === 0) break;
  }
  return pieces;
}

/** How many octets were written; the rest's fault is told by the next write, or the next close. */
export async function writeWhole(
  fileSystem: FileSystem,
  node: Node,
  offset: number,
  octets: Uint8Array,
): Promise<number | Status> {
  for (let count = 0; count < octets.length;) {
    const written = await fileSystem.write(node.key, offset + count, octets.subarray(count), "unstable");
    if (isStatus(written)) return count > 0 ? count : written;
    if (written.stability === "unstable") {
      if (node.unstable !== null && node.unstable !== written.verifier) node.isLost = true;
      node.unstable = written.verifier;
    }
    if (written.writtenOctets === 0) return count > 0 ? count : "IO";
    count += written.writtenOctets;
  }
  return octets.length;
}

/** Null when all that was written to the file is safe. Data that a server lost in a restart is nowhere any more: that is IO, once. */
export async function commitNode(fileSystem: FileSystem, node: Node): Promise<null | Status> {
  const { unstable, isLost } = node;
  if (unstable === null) return null;
  node.unstable = null;
  node.isLost = false;
  const committed = await fileSystem.commit(node.key);
  if (isStatus(committed)) {
    node.unstable = unstable;
    // A file that is gone needs no data.
    return committed === "STALE" ? null : committed;
  }
  return isLost || committed.verifier !== unstable ? "IO" : null;
}
