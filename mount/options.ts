/**
 * How something is mounted: the words behind `-o`, by the names, units and defaults of nfs(5) where it has them, so that a line of fstab or of an
 * automount map means the same here. What differs stands in its row of the table.
 */
import { suggestion } from "../base/index.ts";

export interface MountOptions {
  /** Read-only unless asked. */
  readonly isWritable: boolean;
  /** Soft: an operation ends with TIMEDOUT after its tries. Hard: it goes on trying. */
  readonly isSoft: boolean;
  readonly timeoutMilliseconds: number;
  /** How often a call is repeated before it counts as not answered. */
  readonly retries: number;
  readonly readOctets: number;
  readonly writeOctets: number;
  /** Calls of one sequential read or write that are under way at once. */
  readonly windowCalls: number;
  readonly attributeSeconds: AttributeSeconds;
  /** What becomes of what is at the mount point already: hidden, or a union in that order (as bind in Plan 9). */
  readonly place: "replace" | "before" | "after";
  /** New files of a union go into this one. */
  readonly takesNew: boolean;
  /** An automount that nobody used for so long is undone. */
  readonly idleSeconds: number;
}

/** How long attributes are believed: at least and at most, between which age decides. All 0: not at all (noac). */
export interface AttributeSeconds {
  readonly fileMin: number;
  readonly fileMax: number;
  readonly directoryMin: number;
  readonly directoryMax: number;
}

/** A word that is no option, or a value it cannot have. `at` is the character where it goes wrong, counted from 0. */
export class MountOptionError extends Error {
  readonly code = "BAD_OPTION";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export const MOUNT_OPTIONS_DEFAULT: MountOptions = {
  isWritable: false,
  isSoft: true,
  timeoutMilliseconds: 5000,
  retries: 2,
  readOctets: 1_048_576,
  writeOctets: 1_048_576,
  windowCalls: 8,
  attributeSeconds: { fileMin: 3, fileMax: 60, directoryMin: 30, directoryMax: 60 },
  place: "replace",
  takesNew: false,
  idleSeconds: 600,
};

/** One row for each option; `meaning` is what help shows. */
export type MountOptionRow = FlagRow | NumberRow | FixedRow;

interface Row {
  readonly name: string;
  readonly meaning: string;
}
interface FlagRow extends Row {
  readonly kind: "flag";
  readonly set: (options: MountOptions) => MountOptions;
  readonly isSet: (options: MountOptions) => boolean;
}
interface NumberRow extends Row {
  readonly kind: "number";
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly set: (options: MountOptions, value: number) => MountOptions;
  /** Null where another row says it. */
  readonly of: (options: MountOptions) => number | null;
}
/** Taken from other systems' lines: with one of these values (or none, where the list is empty) it says what is so anyway. */
interface FixedRow extends Row {
  readonly kind: "fixed";
  readonly values: readonly string[];
}

const flag = (name: string, changes: Partial<MountOptions>, meaning: string): FlagRow => ({
  kind: "flag",
  name,
  meaning,
  set: (options) => ({ ...options, ...changes }),
  isSet: (options) => {
    const values = new Map<string, unknown>(Object.entries(options));
    return Object.entries(changes).every(([field, value]) => values.get(field) === value);
  },
});
const fixed = (name: string, values: readonly string[], meaning: string): FixedRow => ({
  kind: "fixed",
  name,
  values,
  meaning,
});

type NumberField = "timeoutMilliseconds" | "retries" | "readOctets" | "writeOctets" | "windowCalls" | "idleSeconds";
interface Bounds {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** The field's unit in units of the option. */
  readonly scale?: number;
}
const number = (name: string, field: NumberField, { scale = 1, ...bounds }: Bounds, meaning: string): NumberRow => ({
  kind: "number",
  name,
  meaning,
  ...bounds,
  set: (options, value) => ({ ...options, [field]: value * scale }),
  of: (options) => options[field] / scale,
});

const SECONDS = { unit: "seconds", min: 0, max: 86_400 } as const;
const OCTETS = { unit: "octets", min: 1024, max: 1_048_576 } as const;
const life = (name: string, fields: readonly (keyof AttributeSeconds)[], meaning: string): NumberRow => ({
  kind: "number",
  name,
  meaning,
  ...SECONDS,
  set: (options, value) => ({ ...options, attributeSeconds: { ...options.attributeSeconds, ...all(fields, value) } }),
  of: ({ attributeSeconds }) => (fields.length === 1 ? attributeSeconds[fields[0]!] : null),
});
const all = (fields: readonly (keyof AttributeSeconds)[], value: number): Partial<AttributeSeconds> =>
  Object.fromEntries(fields.map((field) => [field, value]));
const LIFE_FIELDS = ["fileMin", "fileMax", "directoryMin", "directoryMax"] as const;
const isWithoutCache = ({ attributeSeconds }: MountOptions): boolean =>
  LIFE_FIELDS.every((field) => attributeSeconds[field] === 0);

export const MOUNT_OPTION_ROWS: readonly MountOptionRow[] = [
  flag("ro", { isWritable: false }, "nothing can be changed; so it is unless rw is given"),
  flag("rw", { isWritable: true }, "files can be changed, where the server lets"),
  flag(
    "soft",
    { isSoft: true },
    "a server that does not answer is an error after all tries; so it is unless hard is given (nfs(5) has hard)",
  ),
  flag("hard", { isSoft: false }, "a server that does not answer is tried for ever"),
  number(
    "timeo",
    "timeoutMilliseconds",
    { unit: "tenths of a second", min: 1, max: 6000, scale: 100 },
    "how long an answer is waited for",
  ),
  number("retrans", "retries", { unit: "times", min: 0, max: 100 }, "how often a call is repeated"),
  number("rsize", "readOctets", OCTETS, "how much is read in one call"),
  number("wsize", "writeOctets", OCTETS, "how much is written in one call"),
  number("window", "windowCalls", { unit: "calls", min: 1, max: 64 }, "calls of one read or write under way at once"),
  life("acregmin", ["fileMin"], "how long a file's attributes are believed at least"),
  life("acregmax", ["fileMax"], "and at most"),
  life("acdirmin", ["directoryMin"], "how long a directory's attributes are believed at least"),
  life("acdirmax", ["directoryMax"], "and at most"),
  life("actimeo", LIFE_FIELDS, "all four of them"),
  {
    kind: "flag",
    name: "noac",
    meaning: "attributes are never believed: the server is asked each time",
    set: (options) => ({ ...options, attributeSeconds: { fileMin: 0, fileMax: 0, directoryMin: 0, directoryMax: 0 } }),
    isSet: isWithoutCache,
  },
  flag("replace", { place: "replace" }, "hides what is at the mount point; so it is unless before or after is given"),
  flag("before", { place: "before" }, "a union: its files are found first"),
  flag("after", { place: "after" }, "a union: its files are found last"),
  flag("create", { takesNew: true }, "new files of a union go into this one; needs before or after, and rw"),
  number(
    "idle",
    "idleSeconds",
    { unit: "seconds", min: 1, max: 604_800 },
    "an automount that nobody used for so long is undone",
  ),
  fixed("vers", ["3"], "the version of NFS"),
  fixed("nfsvers", ["3"], "the version of NFS"),
  fixed("proto", ["tcp"], "how calls travel"),
  fixed("mountproto", ["tcp"], "how calls travel"),
  fixed("tcp", [], "calls travel over TCP"),
  fixed("sec", ["sys", "none"], "who asks is told, not proved"),
  fixed("nolock", [], "there are no locks over the network"),
  fixed("local_lock", ["all", "none"], "there are no locks over the network"),
  ...["intr", "nointr", "fg", "bg", "defaults", "auto", "noauto", "nosuid", "nodev", "noexec", "noatime"].map((name) =>
    fixed(name, [], "says nothing here"),
  ),
];

const ROWS: ReadonlyMap<string, MountOptionRow> = new Map(MOUNT_OPTION_ROWS.map((row) => [row.name, row]));

/** Reads `rw,soft,timeo=50`, the later word over the earlier. Throws a MountOptionError. */
export function parseMountOptions(text: string, defaults: MountOptions = MOUNT_OPTIONS_DEFAULT): MountOptions {
  let options = defaults;
  let at = 0;
  for (const word of text.split(",")) {
    if (word.trim() !== "") options = withOption(options, word.trim(), at + word.indexOf(word.trim()));
    at += word.length + 1;
  }
  const { fileMin, fileMax, directoryMin, directoryMax } = options.attributeSeconds;
  if (fileMin > fileMax) throw new MountOptionError(`acregmin=${fileMin} is more than acregmax=${fileMax}`, 0);
  if (directoryMin > directoryMax) {
    throw new MountOptionError(`acdirmin=${directoryMin} is more than acdirmax=${directoryMax}`, 0);
  }
  if (options.takesNew && (options.place === "replace" || !options.isWritable)) {
    throw new MountOptionError("create is for a union that can be written: add before or after, and rw", 0);
  }
  return options;
}

/** The words that say what is not as by default; "" when all is. */
export function formatMountOptions(options: MountOptions): string {
  const isQuiet = isWithoutCache(options);
  const words = MOUNT_OPTION_ROWS.flatMap((row) => {
    if (row.kind === "flag") return row.isSet(options) && !row.isSet(MOUNT_OPTIONS_DEFAULT) ? [row.name] : [];
    if (row.kind === "fixed" || (isQuiet && row.name.startsWith("ac"))) return [];
    const value = row.of(options);
    return value === null || value === row.of(MOUNT_OPTIONS_DEFAULT) ? [] : [`${row.name}=${value}`];
  });
  return words.join(",");
}

function withOption(options: MountOptions, word: string, at: number): MountOptions {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? null : word.slice(equals + 1);
  const row = ROWS.get(name);
  if (row === undefined) {
    throw new MountOptionError(`there is no mount option ${JSON.stringify(name)}${suggestion(name, ROWS.keys())}`, at);
  }
  switch (row.kind) {
    case "flag":
      if (value !== null) throw new MountOptionError(`${name} has no value: write ${name} alone`, at);
      return row.set(options);
    case "fixed": {
      const isRight = row.values.length === 0 ? value === null : value !== null && row.values.includes(value);
      if (isRight) return options;
      const wanted = row.values.length === 0 ? name : row.values.map((one) => `${name}=${one}`).join(" or ");
      throw new MountOptionError(`${word}: here it can only be ${wanted} (${row.meaning})`, at);
    }
    case "number":
      return row.set(options, numberIn(row, value, at));
  }
}

function numberIn({ name, unit, min, max }: NumberRow, value: string | null, at: number): number {
  const number = value !== null && /^[0-9]{1,9}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  const given = value === null ? "" : `, not ${JSON.stringify(value)}`;
  throw new MountOptionError(`${name} is a number of ${unit} from ${min} to ${max}${given}: ${name}=${min}`, at);
}
