export { assert, AssertionError, unreachable } from "./assert.ts";
export { type Clock, SimulatedClock, sleep, stayAlive, systemClock, type Timer } from "./clock.ts";
export { FileError, type Files, type FileStatus, systemFiles } from "./files.ts";
export { createLog, type Log, silentLog } from "./log.ts";
export { collectGarbage } from "./memory.ts";
export { suggestion } from "./near.ts";
export {
  compareOctets,
  concatOctets,
  equalOctets,
  fromBase32Hex,
  fromBase64,
  fromHex,
  hexDigit,
  toBase32Hex,
  toBase64,
  toHex,
} from "./octets.ts";
export { lowerHelperPriority, lowerThreadPriority } from "./priority.ts";
export { type ProgramEnd, type ProgramLimits, programRunner, type RunProgram } from "./program.ts";
export { type Random, SeededRandom, systemRandom } from "./random.ts";
export { SipHash } from "./siphash.ts";
export { Stopper, type StopSignal } from "./stop.ts";
