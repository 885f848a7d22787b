/** One procedure asked over one connection: arguments written, results read, and every way in which there are none. */
import { type Procedure } from "../nfs/procedure.ts";
import { MOUNT_PROGRAM, MOUNT_VERSION } from "../nfs/mount-procedures.ts";
import { NFS_PROGRAM, NFS_VERSION } from "../nfs/procedures.ts";
import { type Credential, type Denial, type Refusal } from "../rpc/message.ts";
import { XdrError } from "../rpc/xdr-reader.ts";
import { type Status } from "../status.ts";
import { type CallOutcome, type Connection } from "./connection.ts";

export type Answer<R> =
  | { readonly kind: "result"; readonly result: R }
  /** The server is there and does not do it. */
  | { readonly kind: "refused"; readonly status: Status; readonly reason: string }
  | Exclude<CallOutcome, { readonly kind: "reply" }>;

export interface Asker {
  readonly xid: number;
  readonly credential: Credential;
}

/** Which program a procedure is of. */
export const PROGRAMS = {
  nfs: { number: NFS_PROGRAM, version: NFS_VERSION, words: "NFS version 3" },
  mount: { number: MOUNT_PROGRAM, version: MOUNT_VERSION, words: "MOUNT version 3" },
} as const;
export type ProgramName = keyof typeof PROGRAMS;

export async function ask<A, R>(
  connection: Connection,
  { xid, credential }: Asker,
  of: { readonly program: ProgramName; readonly procedure: Procedure<A, R> },
  given: A,
): Promise<Answer<R>> {
  const { number: program, version, words } = PROGRAMS[of.program];
  const { procedure } = of;
  const outcome = await connection.call({ xid, program, version, procedure: procedure.number, credential }, (writer) =>
    procedure.arguments.write(writer, given),
  );
  if (outcome.kind !== "reply") return outcome;
  if (outcome.outcome.kind !== "success") return refused(outcome.outcome, `${words}, ${procedure.name}`);
  try {
    return { kind: "result", result: procedure.result.read(outcome.results) };
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    return { kind: "garbage", reason: `${procedure.name}: ${error.message}` };
  }
}

type Refused = Extract<Answer<never>, { readonly kind: "refused" }>;

function refused(why: Refusal | Denial, what: string): Refused {
  const kind = "refused";
  switch (why.kind) {
    case "program-unavailable":
    case "program-mismatch":
    case "procedure-unavailable":
    case "rpc-mismatch":
      return { kind, status: "NOTSUPP", reason: `the server does not speak ${what}` };
    case "garbage-arguments":
      return { kind, status: "SERVERFAULT", reason: `the server did not understand ${what}` };
    case "system-error":
      return { kind, status: "SERVERFAULT", reason: `the server failed at ${what}` };
    case "auth-error":
      return { kind, status: "ACCES", reason: `the server does not take who we say we are (${why.state})` };
  }
}
