/**
 * Calls of the system's own library, reached through koffi, which is an optional dependency: without it, or on another system
 * than 64-bit Linux, there are none, and the transports over Node's own sockets do the work.
 */
import { endianness } from "node:os";

/** Returns -1 for a failure, whose number `errno` then gives. */
export type Call = (...given: readonly (number | Uint8Array | null)[]) => number;

export interface SystemLibrary {
  /** @param signature As in C; a wrong one writes where it should not. */
  call(signature: string): Call;
  /** Why the last call of this thread failed. */
  readonly errno: () => number;
  /** Where the octets are. They must not be let go while the system is to write there. */
  readonly addressOf: (octets: Uint8Array) => bigint;
}

/** The part of koffi that is used. Its own types are not to be had where it is not installed. */
interface Koffi {
  load(path: string): { func(signature: string): Call };
  errno(): number;
  address(octets: Uint8Array): bigint;
}

/** Not a literal, so that the compiler does not look for the types of a package that may be missing. */
const KOFFI: string = "koffi";

/** The library, or in words why there is none here. */
export async function loadLibrary(): Promise<SystemLibrary | string> {
  const { platform, arch } = process;
  const is64 = arch === "x64" || arch === "arm64" || arch === "riscv64";
  if (platform !== "linux" || !is64 || endianness() !== "LE") return `not made for ${platform} on ${arch}`;
  try {
    const loaded: unknown = await import(KOFFI);
    const koffi = koffiIn(loaded);
    return koffi === null ? "koffi is not of a version that is known" : libraryOf(koffi);
  } catch (error) {
    return `koffi cannot be loaded: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
  }
}

function libraryOf(koffi: Koffi): SystemLibrary {
  const library = koffi.load("libc.so.6");
  return {
    call: (signature) => library.func(signature),
    errno: () => koffi.errno(),
    addressOf: (octets) => BigInt(koffi.address(octets)),
  };
}

function koffiIn(loaded: unknown): Koffi | null {
  if (typeof loaded !== "object" || loaded === null) return null;
  if (isKoffi(loaded)) return loaded;
  return "default" in loaded && isKoffi(loaded.default) ? loaded.default : null;
}

function isKoffi(given: unknown): given is Koffi {
  if (typeof given !== "object" || given === null) return false;
  return (["load", "errno", "address"] as const).every(
    (name) => name in given && typeof Reflect.get(given, name) === "function",
  );
}
