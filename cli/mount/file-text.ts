/** Files as commands show them: a line of `ls -l`, what `stat` tells, names that could upset a terminal. */
import { formatTime } from "../../bank/index.ts";
import { type Attributes, type FileKind, fileNameOctets } from "../../mount/index.ts";

const KINDS: Readonly<Record<FileKind, string>> = {
  file: "-",
  directory: "d",
  link: "l",
  block: "b",
  character: "c",
  socket: "s",
  fifo: "p",
};

/** "drwxr-xr-x", as ls(1) writes it. */
export function modeText({ kind, mode }: Attributes): string {
  const bits = [0o400, 0o200, 0o100, 0o40, 0o20, 0o10, 4, 2, 1];
  const letters = bits.map((bit, i) => ((mode & bit) === 0 ? "-" : "rwx"[i % 3]!));
  const special = [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const;
  for (const [bit, at, letter] of special) {
    if ((mode & bit) !== 0) letters[at] = letters[at] === "x" ? letter : letter.toUpperCase();
  }
  return KINDS[kind] + letters.join("");
}

/** To the minute, in UTC: local time would differ from machine to machine. */
export function timeText(seconds: number): string {
  return formatTime(seconds * 1000)
    .replace("T", " ")
    .replace(/:\d\dZ$/, "Z");
}

/** A name on one line: what a terminal would obey, and octets that are no text, are shown as \\xHH. */
export function shownName(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\udc80-\udcff]/g, (character) =>
    [...fileNameOctets(character)].map((octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join(""),
  );
}

/** Octets in the unit that leaves at least one digit before the point: "1.4 MiB". */
export function octetsText(octets: number): string {
  const units = ["octets", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; octets >= 1024 && at < units.length - 1; at++) octets /= 1024;
  return `${at === 0 ? octets : octets.toFixed(1)} ${units[at]!}`;
}

/** What `--json` shows of a file; numbers that a double cannot hold are texts. */
export function fileJson(path: string, attributes: Attributes): Readonly<Record<string, unknown>> {
  const { kind, mode, links, uid, gid, sizeOctets, modified, changed, fileId, fileSystemId, lifeSeconds } = attributes;
  return {
    path,
    kind,
    mode: mode.toString(8).padStart(4, "0"),
    ...{ links, uid, gid, size: sizeOctets },
    modified: modified.seconds,
    changed: changed.seconds,
    fileId: fileId.toString(),
    fileSystem: fileSystemId.toString(16),
    ...(lifeSeconds === null ? {} : { lifeSeconds }),
  };
}
