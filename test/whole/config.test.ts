/** `strata config check` and `strata config schema`, as processes. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Scratch, strata } from "../support/strata.ts";

test("a file that is right ends with 0", async () => {
  const file = fileURLToPath(new URL("../../examples/internet/namespace.yaml", import.meta.url));
  const { status, stdout, stderr } = await strata(["config", "check", file]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("right, for strata up");
});

test("a file with mistakes ends with 64 and tells each with line and column", async () => {
  using scratch = new Scratch();
  const file = scratch.file("server.yaml");
  writeFileSync(file, "lissen: [127.0.0.1:5300]\nzones:\n  - { name: vu.nl, fil: a }\n");
  const { status, stdout, stderr } = await strata(["config", "check", file]);
  expect([status, stdout]).toEqual([64, ""]);
  expect(stderr).toContain(`${file}:1:1: unknown key "lissen"; did you mean listen?`);
  expect(stderr).toContain(`${file}:3:20: unknown key "fil"; did you mean file?`);
  const json = await strata(["config", "check", file, "--json"]);
  expect(json.status).toBe(64);
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, kind: "serve" });
});

test("a zone file that is not there is told at the line that names it", async () => {
  using scratch = new Scratch();
  const file = scratch.file("server.yaml");
  writeFileSync(file, "listen: [127.0.0.1:5300]\nzones:\n  - { name: vu.nl, file: lost.zone }\n");
  const { status, stderr } = await strata(["config", "check", file]);
  expect(status).toBe(64);
  expect(stderr).toContain(`${file}:3:26: there is no file `);
});

test("the schema is JSON", async () => {
  const { status, stdout } = await strata(["config", "schema"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ type: "object", additionalProperties: false });
});
