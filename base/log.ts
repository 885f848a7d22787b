/** The log: one JSON object a line on standard error (pino), because standard output belongs to results. */
import { destination, pino, type Logger } from "pino";

export type Log = Logger;

/** @param level trace, debug, info, warn, error, fatal or silent. */
export function createLog(level: string): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination({ dest: 2, sync: true }));
}

export const silentLog: Log = pino({ level: "silent" });
