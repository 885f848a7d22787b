/** The state folder of `strata up`: what is written is read, what is damaged or foreign is said and left alone. */
import { expect, test } from "vitest";
import { WorkError } from "../../cli/failure.ts";
import { isRunning, readState, removeHints, removeState, type State, writeHints, writeState } from "../../cli/state.ts";
import { MemoryFiles } from "../support/memory-files.ts";

const state: State = {
  pid: process.pid,
  port: 8053,
  resolver: "127.0.1.53:8053",
  servers: [{ name: "ns.nl", address: "127.0.1.5", layer: "global", zones: ["nl"] }],
};

test("what is written is read", () => {
  const files = new MemoryFiles();
  writeHints(files, "s", ". 1 NS a.\n");
  writeState(files, "s", state);
  expect(readState(files, "s")).toEqual({ folder: "s", state, hintsFile: "s/root.hints" });
});

test("a folder without state is no state", () => {
  expect(readState(new MemoryFiles(), "s")).toBeNull();
});

test.each(["", "{", "[]", '{"pid":1}', JSON.stringify({ ...state, servers: [{}] })])("damage is told: %s", (text) => {
  expect(() => readState(new MemoryFiles({ "s/state.json": text }), "s")).toThrow(WorkError);
});

test("only the process that wrote the state takes it away", () => {
  const files = new MemoryFiles({ "s/root.hints": "" });
  writeState(files, "s", state);
  removeState(files, "s", state.pid + 1);
  expect(files.exists("s/state.json")).toBe(true);
  removeState(files, "s", state.pid);
  expect([files.exists("s/state.json"), files.exists("s/root.hints")]).toEqual([false, false]);
});

test("a start that failed leaves the hints of another that runs", () => {
  const files = new MemoryFiles({ "s/root.hints": "" });
  writeState(files, "s", state);
  removeHints(files, "s");
  expect(files.exists("s/root.hints")).toBe(true);
});

test("a process that is no strata up does not count as running, whatever its number", () => {
  const other = { [`/proc/${process.pid}/cmdline`]: "node\0vitest" };
  expect(isRunning(new MemoryFiles(other), state)).toBe(false);
  const ours = { [`/proc/${process.pid}/cmdline`]: "node\0cli/main.ts\0up\0" };
  expect(isRunning(new MemoryFiles(ours), state)).toBe(true);
  expect(isRunning(new MemoryFiles(), { ...state, pid: 2 ** 22 + 1 })).toBe(false);
});
