/** What a desk thread is handed: who it serves for, where, and its way to the books. */
import type { MessagePort } from "node:worker_threads";
import type { TlsIdentity } from "../http/app.ts";

export interface DeskTask {
  readonly bank: string;
  readonly currencies: readonly string[];
  readonly counter: "loopback" | "off";
  readonly serverKey: Uint8Array;
  readonly tls: TlsIdentity;
  readonly endpoint: { readonly address: string; readonly port: number };
  /** The embedded database's file, or the URL of one that several servers share. */
  readonly database: string;
  readonly log: string;
  /** What all of them count requests in. */
  readonly rates: SharedArrayBuffer;
}

export const isDeskTask = (given: unknown): given is DeskTask =>
  typeof given === "object" && given !== null && "serverKey" in given && "endpoint" in given;

export type ToDesk =
  /** The way to the writer, the first or another one. */
  { readonly kind: "writer"; readonly port: MessagePort } | { readonly kind: "close" };

export type FromDesk =
  { readonly kind: "listening"; readonly port: number } | { readonly kind: "failed"; readonly message: string };
