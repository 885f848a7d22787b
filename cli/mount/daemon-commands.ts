/** What the mount daemon is asked on its control channel, and what it answers: JSON, shown by `mounting.ts`. */
import { AddressError, formatEndpoint, LocalError, Prefix } from "../../net/index.ts";
import {
  BASE_MOUNT,
  type ExportRow,
  formatMountOptions,
  formatSource,
  isPathWithin,
  type Mounted,
  MountError,
  type Mounting,
  MountOptionError,
  mountOf,
  MountTableError,
  type MountTableStore,
  parseMountOptions,
  parseSource,
  SourceError,
  type Status,
  statusText,
  Walker,
} from "../../mount/index.ts";
import type { ControlChannel, ControlWords } from "../control/channel.ts";
import type { Attachments } from "./attachments.ts";

export interface DaemonParts {
  readonly mounting: Mounting;
  readonly store: MountTableStore;
  readonly attachments: Attachments;
  /** Called when what is exported has changed. */
  readonly onExports: () => void;
  readonly listening: () => { readonly address: string; readonly port: number };
}

/** A row of `strata mounts --json`. */
export interface MountAnswer {
  readonly id: number;
  readonly target: string;
  readonly sources: readonly string[];
  readonly options: string;
  readonly state: string;
  readonly reason: string;
  readonly automatic: boolean;
  readonly operations: number;
  readonly failures: number;
  readonly readOctets: number;
  readonly writtenOctets: number;
  readonly facts: readonly string[];
}

/** A step of `strata why --json`. */
export interface WhyAnswer {
  readonly path: string;
  readonly kind: string;
  /** Where a symbolic link led. */
  readonly link: string | null;
  /** The mount that begins here, or null where the step stays in the one before. */
  readonly mount: MountAnswer | null;
  readonly lifeSeconds: number | null;
}

/** How the way ended, when it did not reach its end. */
export interface WhyEnd {
  readonly steps: readonly WhyAnswer[];
  readonly fault: { readonly path: string; readonly status: Status; readonly meaning: string } | null;
}

/** What `strata export` shows. */
export interface ExportsAnswer {
  readonly listen: string;
  readonly exports: readonly ExportRow[];
}

/** What `strata mount --os` is told. */
export interface AttachAnswer {
  readonly directory: string;
  /** Null when it is attached, else why it cannot be by FUSE. */
  readonly fault: string | null;
  /** For attaching it by NFS: where this daemon serves, and whether it serves the root. */
  readonly listen: string;
  readonly rootExport: "no" | "read-only" | "writable";
}

export function addDaemonCommands(channel: ControlChannel, parts: DaemonParts): void {
  const { mounting, store } = parts;
  channel.add("mount", (words) => refusing(() => mount(mounting, words)));
  channel.add("umount", (words) =>
    refusing(async () => {
      const options = { isLazy: words.text("lazy") === "yes", isRecursive: words.text("recursive") === "yes" };
      const rows = await mounting.unmount(words.required("target"), options);
      return rows.map(({ id, target }) => ({ id, target }));
    }),
  );
  channel.add("attach", (words) => attach(parts, words));
  channel.add("mounts", () => mounting.mounts().map(answerOf));
  channel.add("exports", () => ({ listen: formatEndpoint(parts.listening()), exports: store.exports() }));
  channel.add("export", (words) => refusing(() => setExport(parts, words)));
  channel.add("unexport", (words) =>
    refusing(async () => {
      const path = words.required("path");
      if (!store.removeExport(path)) throw new LocalError("REFUSED", `${path} is not exported`);
      parts.onExports();
      return null;
    }),
  );
  channel.add("why", (words) => why(mounting, words.required("path")));
}

async function mount(mounting: Mounting, words: ControlWords): Promise<MountAnswer> {
  const sources = words
    .required("sources")
    .split("\n")
    .map((text) => parseSource(text));
  const options = parseMountOptions(words.text("options") ?? "");
  return answerOf(await mounting.mount({ sources, target: words.required("target"), options }));
}

async function attach({ attachments, store, listening }: DaemonParts, words: ControlWords): Promise<AttachAnswer> {
  const directory = words.required("directory");
  const isWritable = words.text("writable") === "yes";
  const fault = await attachments.attach({ directory, isWritable, allowsOthers: words.text("others") === "yes" });
  const root = store.exports().find(({ path }) => path === "/");
  const rootExport = root === undefined ? "no" : root.isWritable ? "writable" : "read-only";
  return { directory, fault, listen: formatEndpoint(listening()), rootExport };
}

async function setExport(parts: DaemonParts, words: ControlWords): Promise<ExportRow> {
  const path = words.required("path");
  const walked = await new Walker(parts.mounting.nameSpace).walk(path);
  if ("status" in walked) {
    const code = walked.status === "TIMEDOUT" ? "UNREACHABLE" : "REFUSED";
    throw new LocalError(code, `${walked.path}: ${statusText(walked.status)}`);
  }
  if (walked.steps.at(-1)!.found.attributes.kind !== "directory") {
    throw new LocalError("REFUSED", `${path} is not a directory: export the one it is in`);
  }
  const networks = (words.text("networks") ?? "").split(" ").filter((network) => network !== "");
  // What is kept has to be understood at the next start.
  for (const network of networks) Prefix.parse(network);
  const row: ExportRow = {
    path: walked.steps.at(-1)!.path,
    networks: networks.length > 0 ? networks : ["127.0.0.0/8", "::1/128"],
    isWritable: words.text("writable") === "yes",
  };
  parts.store.setExport(row);
  parts.onExports();
  return row;
}

async function why({ nameSpace }: Mounting, path: string): Promise<WhyEnd> {
  const walked = await new Walker(nameSpace).walk(path);
  if ("status" in walked) {
    const above = walked.path.slice(0, walked.path.lastIndexOf("/"));
    const before =
      walked.path === "/" || !isPathWithin(path, above)
        ? null
        : await new Walker(nameSpace).walk(above === "" ? "/" : above);
    const steps = before === null || "status" in before ? [] : before.steps;
    const fault = { path: walked.path, status: walked.status, meaning: statusText(walked.status) };
    return { steps: whySteps(nameSpace, steps), fault };
  }
  return { steps: whySteps(nameSpace, walked.steps), fault: null };
}

function whySteps(
  nameSpace: Mounting["nameSpace"],
  steps: Extract<Awaited<ReturnType<Walker["walk"]>>, { steps: unknown }>["steps"],
): WhyAnswer[] {
  let last = BASE_MOUNT;
  return steps.map(({ path, found, link }) => {
    const id = mountOf(found.key);
    const mounted = id === last ? null : nameSpace.mounted(id);
    last = id;
    return {
      path,
      kind: found.attributes.kind,
      link,
      mount: mounted === null ? null : answerOf(mounted),
      lifeSeconds: found.attributes.lifeSeconds,
    };
  });
}

function answerOf(mounted: Mounted): MountAnswer {
  const { row, state, reason, counters } = mounted;
  return {
    id: row.id,
    target: row.target,
    sources: row.sources.map((source) => formatSource(source)),
    options: formatMountOptions(row.options),
    ...{ state, reason, automatic: row.isAutomatic },
    ...counters,
    facts: mounted.facts(),
  };
}

/** What the asker did wrong, or cannot have, in the words of the part that found it. */
async function refusing<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const isMistake =
      error instanceof SourceError || error instanceof MountOptionError || error instanceof AddressError;
    if (error instanceof MountTableError) throw new LocalError("UNREACHABLE", error.message);
    if (isMistake) throw new LocalError("USAGE", error.message);
    if (!(error instanceof MountError)) throw error;
    const codes = { wrong: "USAGE", refused: "REFUSED", busy: "REFUSED", unreachable: "UNREACHABLE" } as const;
    throw new LocalError(codes[error.code], error.message);
  }
}
