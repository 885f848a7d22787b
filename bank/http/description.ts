/** The API as an OpenAPI document (https://spec.openapis.org/oas/v3.1.0), made of the same schemas that requests are checked by. */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { anybody } from "./gate.ts";

/** Before the routes. */
export function addDescription(app: FastifyInstance, bank: string): void {
  const header = (name: string, description: string) => ({ type: "apiKey", in: "header", name, description }) as const;
  void app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: `Bank ${bank}`, version: "1", description: DESCRIPTION },
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "What POST /v1/login or /v1/staff/login gave." },
          atm: header("Strata-Atm", "The ATM's name."),
          signature: header(
            "Strata-Signature",
            "Ed25519, base64, over METHOD PATH, Strata-Time, Idempotency-Key and SHA-256 of the body in hex, each on a line. " +
              "Within a session Strata-Seal will do: HMAC-SHA256, base64, over the same, under the seal that the login gave.",
          ),
        },
      },
    },
  });
}

const DESCRIPTION =
  "Amounts are decimal text. What moves money wants an Idempotency-Key header (1 to 48 visible characters, another for each " +
  "request): the same key with the same body is answered by the same, and moves it once. 409: the rules refused it, and " +
  "status says which. 422: the key was another request's. 503: nothing was done. 504: not known, ask again with the same key.";

export function addDescriptionRoute(app: FastifyInstance): void {
  const response = { 200: { type: "object", additionalProperties: true } };
  app.get("/openapi.json", { preValidation: anybody(), schema: { summary: "This document.", response } }, async () =>
    app.swagger(),
  );
}
