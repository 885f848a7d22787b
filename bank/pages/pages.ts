/** Online banking: pages made on the server, of use without any script. What they do they ask of the API. */
import cookie from "@fastify/cookie";
import formBody from "@fastify/formbody";
import helmet from "@fastify/helmet";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { BankError } from "../error.ts";
import type { Desk } from "../http/parts.ts";
import type { Role } from "../http/tokens.ts";
import { addAccountPages } from "./account-pages.ts";
import { html } from "./html.ts";
import { addLoginPages, showLogin } from "./login-pages.ts";
import { addPaymentPages } from "./payment-pages.ts";
import { addStaffPages } from "./staff-pages.ts";
import { STYLE } from "./style.ts";
import { Visit } from "./visit.ts";

const STYLE_SECONDS = 3600;

/** Nothing but what the bank itself sends, and forms to nobody else. */
const CONTENT = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** What a page does for a visitor. */
export type Handler = (visit: Visit) => Promise<FastifyReply>;

/** Adds a page to the site. */
export interface Site {
  /** For anybody. */
  open(method: "GET" | "POST", path: string, handler: Handler): void;
  /** For whoever has a session with one of these roles; others log in first. */
  only(roles: readonly Role[], method: "GET" | "POST", path: string, handler: Handler): void;
}

export function addPages(app: FastifyInstance, desk: Desk): void {
  void app.register(async (scope) => {
    await scope.register(cookie);
    await scope.register(formBody, { bodyLimit: 8192 });
    await scope.register(helmet, {
      contentSecurityPolicy: CONTENT,
      referrerPolicy: { policy: "same-origin" },
      // Whoever serves the bank without TLS does so behind something that has it.
      strictTransportSecurity: { maxAge: 31_536_000 },
    });
    const site = siteOf(scope, desk);
    scope.get("/style.css", { schema: { hide: true } }, (_request, reply) =>
      reply.type("text/css; charset=utf-8").header("cache-control", `max-age=${STYLE_SECONDS}`).send(STYLE),
    );
    addLoginPages(site);
    addAccountPages(site, desk);
    addPaymentPages(site);
    addStaffPages(site);
  });
}

function siteOf(app: FastifyInstance, desk: Desk): Site {
  const add = (method: "GET" | "POST", url: string, handler: Handler): void => {
    const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const visit = new Visit(app, desk, { request, reply });
      if (method === "POST" && !visit.isOurForm()) return visit.hasEnded ? ended(visit) : foreign(visit);
      try {
        return await handler(visit);
      } catch (error) {
        if (!(error instanceof BankError)) throw error;
        return visit.show({ title: "That did not work", told: { isBad: true, text: error.message }, body: BACK }, 400);
      }
    };
    app.route({ method, url, schema: { hide: true }, handler: answer });
  };
  return {
    open: add,
    only(roles, method, path, handler) {
      add(method, path, async (visit) => {
        if (visit.session === null) return visit.hasEnded ? ended(visit) : showLogin(visit, null);
        return roles.includes(visit.session.role) ? handler(visit) : visit.goTo("/");
      });
    },
  };
}

const BACK = html`<p><a href="/">Back to the beginning</a></p>`;

/** What was filled in comes back once the visitor has logged in again, so that nothing is typed twice, and nothing is done unseen. */
function ended(visit: Visit): FastifyReply {
  const isForm = visit.request.method === "POST";
  const text = isForm
    ? "Your session had ended, so nothing was done. Log in, and what you filled in is there again."
    : "Your session has ended. Log in to go on.";
  return showLogin(visit, { isBad: isForm, text });
}

const foreign = (visit: Visit): FastifyReply =>
  visit.show(
    {
      title: "This form is not ours",
      told: { isBad: true, text: "Nothing was done: the form did not come from a page of this session." },
      body: BACK,
    },
    403,
  );
