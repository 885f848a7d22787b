/** Options that several commands share, in one wording. */
import type { Option } from "./arguments.ts";

export const LAYER_NAMES = ["global", "administrational", "managerial"] as const;

export const JSON_OPTION: Option = { kind: "flag", describe: "print one JSON document instead of text" };

export const LAYER_OPTION: Option = {
  kind: "text",
  choices: LAYER_NAMES,
  describe: "the layer of the name space, which sets defaults and what is checked",
};

export const STATE_OPTION: Option = {
  kind: "text",
  value: "DIR",
  default: ".strata",
  describe: "where strata up, or a server, keeps its state",
};

export const HINTS_OPTION: Option = {
  kind: "text",
  value: "FILE",
  describe: "the root's servers, as a master file of NS and address records",
};

export const PORT_OPTION: Option = {
  kind: "number",
  value: "N",
  describe: "the port of authoritative servers that are asked (53 unless told)",
};

export const METRICS_OPTION: Option = {
  kind: "text",
  value: "[ADDR:]PORT",
  describe: "serve Prometheus metrics and a health check over HTTP (on 127.0.0.1 unless told)",
};

export const LISTEN_OPTION: Option = {
  kind: "text",
  many: true,
  value: "ADDR:PORT",
  describe: "answer here, over UDP and TCP; may be given again",
};

export const LOG_OPTION: Option = {
  kind: "text",
  choices: ["trace", "debug", "info", "warn", "error", "silent"],
  default: "warn",
  describe: "how much to log, to standard error",
};

/** Of what is sent. */
export const KEY_OPTION: Option = {
  kind: "text",
  value: "FILE",
  describe: "sign with the key of this file, in BIND's form or YAML; see strata key generate",
};

export const THREADS_MAX = 256;

export const THREADS_OPTION: Option = {
  kind: "text",
  value: "auto|N",
  describe: "threads that answer over UDP: one for each core unless told; 0 for none",
};
