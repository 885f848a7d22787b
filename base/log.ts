/** The log: one JSON object a line on standard error (pino), because standard output belongs to results. */

/** What it is about, and the same words every time. */
export type LogLine = (about: Readonly<Record<string, unknown>>, words: string) => void;

export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}

/**
 * @param level trace, debug, info, warn, error, fatal or silent.
 * Asynchronous because pino takes 15 ms to load, which a command that logs nothing should not pay.
 */
export async function createLog(level: string): Promise<Log> {
  const { destination, pino } = await import("pino");
  const stream = destination({ dest: 2, sync: true });
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  const line =
    (write: "debug" | "info" | "warn" | "error"): LogLine =>
    (about, words) =>
      logger[write](about, words);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

const nothing: LogLine = () => undefined;

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
