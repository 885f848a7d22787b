/** Strata as a library: what the package exports. */
export {
  type LookupFunction,
  type LookupOptions,
  formatTrace,
  lookupFunction,
  NodeResolver,
  ResolveError,
  type ResolveErrorCode,
  Resolver,
  type ResolverOptions,
  Trace,
  type TraceStep,
} from "./resolver/index.ts";
export { Name, NameError, type Packet, type PacketAnswer } from "./dns/index.ts";
