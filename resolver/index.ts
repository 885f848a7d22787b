export { ANSWER_OCTETS_DEFAULT, AnswerCache } from "./answer-cache.ts";
export { type AddressKind, addressKind, type AddressRules } from "./address-rules.ts";
export { type Bound, BoundError, Budget, DEFAULT_LIMITS, type Limits } from "./budget.ts";
export { Cache, type CacheOptions, DEFAULT_CACHE_OPTIONS } from "./cache.ts";
export { Claims } from "./claims.ts";
export { compare, type CompareParts, type Comparison, formatComparison } from "./compare.ts";
export { type NameServer, type ServerAddress, type ZoneServers } from "./delegations.ts";
export {
  createEngine,
  type Engine,
  type EngineOptions,
  type EngineParts,
  type Mode,
  type ResolveOptions,
} from "./engine.ts";
export { type Cost, type Resolved, responseOf } from "./follow.ts";
export { handDown, type HandDownOptions } from "./hand-down.ts";
export { HintsError, readHints, serversAt } from "./hints.ts";
export {
  type LookupAddress,
  type LookupCallback,
  type LookupFunction,
  type LookupOptions,
  lookupFunction,
  NodeDnsError,
  NodeResolver,
} from "./node.ts";
export type { Counts } from "./parts.ts";
export { type MetricSample, metricSamples, metricsText } from "./metrics.ts";
export { ResolveError, type ResolveErrorCode, Resolver, type ResolverOptions } from "./resolver.ts";
export { StubServer, type StubServerParts } from "./serve.ts";
export { type ResolverThreadsParts, startThreads as startResolverThreads } from "./threads.ts";
export {
  findAddresses,
  findRecords,
  findService,
  type FoundAddresses,
  type FoundRecords,
  type FoundService,
  NoWordError,
  serviceName,
  type ServiceTarget,
} from "./service.ts";
export { step, type Asked, type Judged, type Step } from "./step.ts";
export { survey, type Standing, type Survey, type Surveyed } from "./survey.ts";
export { type KnownFrom, serversOf, type SurveyParts, type ZoneServer } from "./zone-servers.ts";
export { type AskStep, type Kept, type Report, Trace, type TraceStep } from "./trace.ts";
export { drawTrace, formatTrace, type Paint, type TraceLine, traceLines } from "./trace-text.ts";
