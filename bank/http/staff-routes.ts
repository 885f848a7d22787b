/** Tellers and auditors: how they log in, are made and unmade. */
import type { FastifyInstance } from "fastify";
import type { Staff } from "../document.ts";
import { BankError } from "../error.ts";
import { carryOut, keyOf } from "./asking.ts";
import { anybody, counterOr, only, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { propose } from "./proposals.ts";
import { changing, failures, nameText, object, secretText, shape, word } from "./schemas.ts";
import { checkSecret } from "./tries.ts";

/** A member of staff works longer than a holder looks. */
const STAFF_SESSION_SECONDS = 3600;

interface NewStaff {
  readonly id: string;
  readonly name: string;
  readonly role: "teller" | "auditor";
  readonly password: string;
}

/** What belongs to the password in its hash. */
const passwordOwner = (id: string): string => `staff ${id}`;

export function addStaffRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ id: nameText, password: secretText }, ["id", "password"]);
  const begun = shape({ token: "string", role: "string", endsAtSeconds: "integer" });
  app.post<{ Body: { id: string; password: string } }>(
    "/v1/staff/login",
    {
      preValidation: anybody(),
      schema: { summary: "Begin a session of a member of staff.", body, response: { 200: begun, ...failures } },
    },
    async (request) => {
      const { id, password: given } = request.body;
      const secretOf = ({ password }: Staff): string => password;
      const { value } = await checkSecret(desk, { what: "staff", id, owner: passwordOwner(id), given, secretOf });
      const session = { role: value.role, subject: id, card: null, account: null, atm: null } as const;
      const made = desk.tokens.issue(session, STAFF_SESSION_SECONDS);
      return { token: made.token, role: value.role, endsAtSeconds: made.session.endsAtSeconds };
    },
  );
  addMaking(app, desk);
  addStates(app, desk);
}

function addMaking(app: FastifyInstance, desk: Desk): void {
  const body = object({ id: nameText, name: word(100), role: { enum: ["teller", "auditor"] }, password: secretText }, [
    "id",
    "name",
    "role",
    "password",
  ]);
  app.post<{ Body: NewStaff }>(
    "/v1/staff",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: { summary: "Make a member of staff; a teller's wish needs a second one.", body, response: changing },
    },
    async (request, reply) => {
      const { id, name, role, password } = request.body;
      const salt = desk.pins.saltFor(`staff ${id} ${keyOf(request)}`);
      const hash = await desk.pins.hash(passwordOwner(id), password, salt);
      const value: Staff = { name, role, password: hash, wrongTries: 0, state: "active" };
      const command = { kind: "set", what: "staff", id, value, ifVersion: 0 } as const;
      const wish = { account: null, command, about: `make ${id} (${name}) ${role}` };
      const isCounter = visitorOf(request).kind === "counter";
      return isCounter ? carryOut(desk, wish, { request, reply }) : propose(desk, wish, { request, reply });
    },
  );
}

function addStates(app: FastifyInstance, desk: Desk): void {
  const body = object({ state: { enum: ["active", "blocked"] } }, ["state"]);
  app.post<{ Params: { id: string }; Body: { state: Staff["state"] } }>(
    "/v1/staff/:id/state",
    {
      preValidation: only(desk, ["teller"]),
      schema: {
        summary: "Block a member of staff, or let them in again; needs a second one.",
        params: object({ id: nameText }, ["id"]),
        body,
        response: changing,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { state } = request.body;
      const found = await desk.reader.document("staff", id);
      if (found === null) throw new BankError("INPUT", `nobody of staff is called ${id}`);
      const value = { ...found.value, state, wrongTries: 0 };
      // Any version: tries at logging in between now and the approval do not count.
      const command = { kind: "set", what: "staff", id, value, ifVersion: null } as const;
      return propose(desk, { account: null, command, about: `set ${id} ${state}` }, { request, reply });
    },
  );
}
