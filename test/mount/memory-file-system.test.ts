/** The file system in memory keeps the contract, and its own limit. */
import { expect, test } from "vitest";
import { SimulatedClock } from "../../base/index.ts";
import { MemoryFileSystem } from "../../mount/index.ts";
import {
  CONTRACT_FILES,
  type ContractSubject,
  describeReading,
  describeReadOnly,
  describeWriting,
  file,
  good,
  walk,
} from "../support/file-system-contract.ts";

const subject = (isWritable: boolean) => async (): Promise<ContractSubject> => {
  const fileSystem = MemoryFileSystem.of(CONTRACT_FILES, { clock: new SimulatedClock(), isWritable });
  return { fileSystem, close: () => fileSystem.close() };
};

describeReading("memory", subject(true));
describeWriting("memory", subject(true));
describeReadOnly("memory", subject(false));

test("more than all files may take is NOSPC, and nothing of it is written", async () => {
  const fs = new MemoryFileSystem({ clock: new SimulatedClock(), isWritable: true, octetsMax: 100 });
  const { key } = await good(fs.create({ directory: fs.root().key, name: "f" }, file("guarded")));
  expect(fs.write(key, 0, Buffer.alloc(101), "file")).toBe("NOSPC");
  expect(fs.setAttributes(key, { sizeOctets: 101 })).toBe("NOSPC");
  expect(fs.write(key, 0, Buffer.alloc(100), "file")).toMatchObject({ writtenOctets: 100 });
  expect(fs.space().freeOctets).toBe(0);
  expect(fs.remove({ directory: fs.root().key, name: "f" })).toBe(null);
  expect(fs.space().freeOctets).toBe(100);
  expect((await walk(fs, "/")).attributes.kind).toBe("directory");
});
