/** Asks a bank's server at a port of this machine, over TLS that nobody vouches for here; one try, whatever it says. */
import { request } from "node:https";

export interface Asked {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly key?: string;
  readonly token?: string;
  readonly body?: unknown;
}

export interface BankReply {
  readonly code: number;
  readonly text: string;
}

const LIMIT_MILLISECONDS = 30_000;

export function askBank(port: number, { method = "POST", path, key, token, body }: Asked): Promise<BankReply> {
  const { promise, resolve, reject } = Promise.withResolvers<BankReply>();
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(key === undefined ? {} : { "idempotency-key": key }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const where = { host: "127.0.0.1", port, path, method, rejectUnauthorized: false, agent: false } as const;
  const asked = request({ ...where, headers, timeout: LIMIT_MILLISECONDS }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
  });
  asked.on("timeout", () => asked.destroy(new Error("not answered in time")));
  asked.on("error", reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** Opens an account with a card. */
export const openHolder = (port: number, key: string): Promise<BankReply> =>
  askBank(port, { path: "/v1/holders", key, body: { holder: "Carol", currency: "USD", pin: "1234", deposit: "10" } });

/** Of a server that has said where it is. */
export const portIn = (stdout: readonly string[]): number => Number(/:(\d+)\//.exec(stdout.join("\n"))?.[1]);
