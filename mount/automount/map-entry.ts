/**
 * What an entry of an automount map says: which sources are mounted, where below the key, with which options (autofs(5), "sun" form). `&` stands for the
 * key; it may be in a path and in a host's name, and never makes new words, hosts or options.
 *
 * A location is `host:/path`, `one,two:/path` (replicas), `:/path` (a directory of this machine), or a source as everywhere here (`nfs://`, `dns://`, `file://`,
 * `ns:/path`). So a host called just "ns" is written `nfs://ns/path`.
 */
import { addressOctets } from "../../net/index.ts";
import { type MountOptions, MountOptionError, parseMountOptions } from "../options.ts";
import { escapePath, parseSource, type Source } from "../source.ts";
import { SourceError } from "../source-cursor.ts";
import { KEY_MARK, MapError, type MapWord } from "./map-syntax.ts";

/** One mount of an entry. */
export interface MapMount {
  /** "" for the key's own directory, else "/sub". */
  readonly below: string;
  /** Replicas, in the order in which to try them. */
  readonly sources: readonly Source[];
  readonly options: MountOptions;
}

/** What stands behind a key, before the key is put in. */
export interface EntryWords {
  readonly file: string;
  /** The place of the entry. */
  readonly first: MapWord;
  readonly words: readonly MapWord[];
}

const MOUNTS_MAX = 64;
const TYPES: readonly string[] = ["nfs", "nfs3", "bind", "auto"];
/** Addresses and names of hosts, with weights behind them; nothing that would make a second host, a path or a source. */
const HOST_KEY = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** The mounts of an entry for this key, those above first. Throws MapError. */
export function mountsOf({ file, first, words }: EntryWords, key: string, defaults: MountOptions): MapMount[] {
  const reader = new EntryReader(file, words, key);
  const options = reader.options(defaults);
  const mounts: MapMount[] = [];
  if (reader.isAtEnd) throw new MapError(file, first, "a location is missing, such as files.cs.vu.nl:/home");
  if (!reader.isAtOffset) mounts.push({ below: "", sources: reader.locations(), options });
  while (!reader.isAtEnd) {
    const place = reader.place;
    const below = reader.offset();
    if (mounts.some((mount) => mount.below === below)) throw new MapError(file, place, `"${below}" is given twice`);
    if (mounts.length === MOUNTS_MAX) throw new MapError(file, place, `an entry has at most ${MOUNTS_MAX} mounts`);
    const own = reader.options(options);
    mounts.push({ below, sources: reader.locations(), options: own });
  }
  return mounts.sort((one, other) => one.below.split("/").length - other.below.split("/").length);
}

class EntryReader {
  readonly #file: string;
  readonly #words: readonly MapWord[];
  readonly #key: string;
  #at = 0;

  constructor(file: string, words: readonly MapWord[], key: string) {
    this.#file = file;
    this.#words = words;
    this.#key = key;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#words.length;
  }

  get isAtOffset(): boolean {
    return this.#words[this.#at]?.text.startsWith("/") ?? false;
  }

  get place(): MapWord {
    return this.#words[this.#at]!;
  }

  options(defaults: MountOptions): MountOptions {
    let options = defaults;
    while (this.#words[this.#at]?.text.startsWith("-") === true) {
      const word = this.#words[this.#at++]!;
      options = this.#parseOptions(word, options);
    }
    return options;
  }

  offset(): string {
    const word = this.#words[this.#at++]!;
    const names = this.#put(word.text)
      .split("/")
      .filter((name) => name !== "");
    if (!word.text.startsWith("/")) throw this.#error(word, `an offset begins with "/", as in /sub`);
    if (names.some((name) => name === "." || name === ".."))
      throw this.#error(word, `"." and ".." lead out of the entry`);
    return names.length === 0 ? "" : `/${names.join("/")}`;
  }

  locations(): Source[] {
    const found: { readonly source: Source; readonly weight: number }[] = [];
    const start = this.#words[this.#at] ?? this.#words.at(-1)!;
    while (!this.isAtEnd && !this.isAtOffset) {
      const word = this.#words[this.#at++]!;
      if (word.text.startsWith("-")) throw this.#error(word, "options stand before the location");
      found.push(...this.#location(word));
    }
    if (found.length === 0) throw this.#error(start, "a location is missing behind this");
    return found.sort((one, other) => one.weight - other.weight).map(({ source }) => source);
  }

  #location(word: MapWord): { readonly source: Source; readonly weight: number }[] {
    const { text } = word;
    if (/^((nfs|dns|file):\/\/|(ns|auto):)/.test(text)) {
      return [{ source: this.#source(word, text.replaceAll(KEY_MARK, escapeKey(this.#key))), weight: 0 }];
    }
    const end = text.startsWith("[") ? text.indexOf("]:") + 1 : text.indexOf(":");
    const path = text.slice(end + 1);
    if (end < 0 || !path.startsWith("/")) {
      throw this.#error(
        word,
        `${JSON.stringify(this.#put(text))} is no location; host:/path or nfs://host/path is wanted`,
      );
    }
    const escaped = escapePath(this.#put(path));
    if (end === 0) return [{ source: this.#source(word, `file://${escaped}`), weight: 0 }];
    return text
      .slice(0, end)
      .split(",")
      .map((host) => {
        const [, name = "", weight = "0"] = /^(.*?)(?:\(([0-9]{1,5})\))?$/.exec(host)!;
        return { source: this.#source(word, `nfs://${this.#host(word, name)}${escaped}`), weight: Number(weight) };
      });
  }

  /** The key may be a host, or a part of its name. */
  #host(word: MapWord, template: string): string {
    const isKeyFit = !template.includes(KEY_MARK) || HOST_KEY.test(this.#key);
    const host = this.#put(template);
    if (isKeyFit && host !== "") return addressOctets(host)?.length === 16 ? `[${host}]` : host;
    throw this.#error(word, `${JSON.stringify(host)} is no name of a host`);
  }

  #source(word: MapWord, text: string): Source {
    try {
      return parseSource(text);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw this.#error(word, error.message);
    }
  }

  #parseOptions(word: MapWord, defaults: MountOptions): MountOptions {
    const given = this.#put(word.text.slice(1)).split(",");
    for (const one of given) {
      const type = /^fstype=(.*)$/.exec(one)?.[1];
      if (type === undefined || TYPES.includes(type)) continue;
      throw this.#error(word, `fstype=${type}: only ${TYPES.join(", ")} can be mounted here`);
    }
    try {
      return parseMountOptions(given.filter((one) => !one.startsWith("fstype=")).join(","), defaults);
    } catch (error) {
      if (!(error instanceof MountOptionError)) throw error;
      throw this.#error(word, error.message);
    }
  }

  #put(text: string): string {
    return text.replaceAll(KEY_MARK, () => this.#key);
  }

  #error(word: MapWord, message: string): MapError {
    return new MapError(this.#file, word, message);
  }
}

/** In a URI the key is nothing but itself: no port, no second component. */
function escapeKey(key: string): string {
  const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return escapePath(key).replace(/[^A-Za-z0-9._~%-]/g, hex);
}
