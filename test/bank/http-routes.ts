/** All routes of an application, as its own router has them. */
import type { FastifyInstance } from "fastify";

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
}

export async function routesOf(app: FastifyInstance): Promise<readonly Route[]> {
  await app.ready();
  const methods = ["GET", "POST", "DELETE"] as const;
  return methods.flatMap((method) => {
    const lines = app.printRoutes({ method, commonPrefix: false }).split("\n");
    return urlsIn(lines).map((url) => ({ method, url }));
  });
}

function urlsIn(lines: readonly string[]): string[] {
  const path: string[] = [];
  const urls: string[] = [];
  for (const line of lines) {
    const [, indent = "", part = "", methods = ""] = /^([│ ]*)[├└]── (\S*)(?: \((.*)\))?$/.exec(line) ?? [];
    if (part === "" && methods === "") continue;
    const depth = indent.length / 4;
    path.length = depth;
    path.push(part);
    if (methods !== "") urls.push(path.join(""));
  }
  return urls;
}
