/** What the system knows of a process and its descendants: CPU time of every thread, and memory (proc(5)). Linux only. */
import { readdirSync, readFileSync } from "node:fs";

/** CPU time used so far by all threads of a process and of its descendants, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const member of family(pid)) {
    for (const task of entries(`/proc/${member}/task`)) {
      // schedstat counts in nanoseconds; stat only in ticks of 10 ms.
      nanoseconds += Number(text(`/proc/${member}/task/${task}/schedstat`).split(" ")[0] ?? 0);
    }
  }
  return nanoseconds / 1000;
}

/**
 * Memory that the process and its descendants really hold, in octets: the proportional set size, so that pages shared
 * after a fork count once.
 */
export function residentOctets(pid: number): number {
  let kilobytes = 0;
  for (const member of family(pid)) {
    const line = text(`/proc/${member}/smaps_rollup`)
      .split("\n")
      .find((candidate) => candidate.startsWith("Pss:"));
    kilobytes += Number(line?.match(/\d+/)?.[0] ?? 0);
  }
  return kilobytes * 1024;
}

/** The process and all that descend from it, parents first. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of entries("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // The second field is the command in parentheses and may hold blanks; the parent is the second after it.
    const parent = Number(text(`/proc/${entry}/stat`).split(") ").at(-1)?.split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const members = [pid];
  for (const member of members) members.push(...(children.get(member) ?? []));
  return members;
}

/** A process may end between two looks; what is gone counts as nothing. */
function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
