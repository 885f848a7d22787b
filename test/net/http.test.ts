import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../base/index.ts";
import { type HttpListener, listenHttp } from "../../net/index.ts";

let listener: HttpListener | null = null;
afterEach(() => listener?.close());

const text = (status: number, body: string) => ({ status, contentType: "text/plain; version=0.0.4", text: body });

test("pages are made anew for each request; other paths are 404; a page that fails is 500", async () => {
  let count = 0;
  const pages = [
    { path: "/metrics", body: () => text(200, `requests ${++count}\n`) },
    { path: "/health", body: async () => text(503, "loading\n") },
    {
      path: "/bad",
      body: () => {
        throw new Error("secret");
      },
    },
  ];
  listener = await listenHttp({ address: "127.0.0.1", port: 0 }, pages, { log: silentLog });
  const base = `http://127.0.0.1:${listener.endpoint.port}`;
  expect(await (await fetch(`${base}/metrics`)).text()).toBe("requests 1\n");
  const second = await fetch(`${base}/metrics`);
  expect([second.headers.get("content-type"), await second.text()]).toEqual([
    "text/plain; version=0.0.4",
    "requests 2\n",
  ]);
  expect((await fetch(`${base}/health`)).status).toBe(503);
  expect((await fetch(`${base}/other`)).status).toBe(404);
  const bad = await fetch(`${base}/bad`);
  expect([bad.status, await bad.text()]).toEqual([500, "internal error\n"]);
});

test("a busy port is said to be one", async () => {
  listener = await listenHttp({ address: "127.0.0.1", port: 0 }, [], { log: silentLog });
  await expect(listenHttp(listener.endpoint, [], { log: silentLog })).rejects.toMatchObject({ code: "IN_USE" });
});
