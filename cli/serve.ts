/** `strata serve`: one name server, until it is told to stop. */
import { createLog, systemFiles } from "../base/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT } from "./failure.ts";
import { type RunningNameServer, startNameServer } from "./name-server.ts";
import type { Output } from "./output.ts";
import { serveSettings } from "./settings.ts";
import { aborted, onHangUp, stopSignal } from "./signals.ts";
import { keepCompiledCode } from "./start-up.ts";

export async function serve(given: Arguments, output: Output): Promise<number> {
  let running: RunningNameServer | null = null;
  let isReloadDue = false;
  // From the start, because an unheard SIGHUP ends a process. One that comes while the zones are read is remembered.
  onHangUp(() => {
    if (running === null) isReloadDue = true;
    else void running.zones.reload();
  });
  const settings = await serveSettings(given, systemFiles);
  running = await startNameServer(settings, {
    files: systemFiles,
    log: await createLog(settings.log),
    note: (text) => output.note(text),
  });
  // Not before: until the zones are loaded ^C should simply end the process.
  const stop = stopSignal();
  output.result("ready");
  if (isReloadDue) void running.zones.reload();
  keepCompiledCode();
  await aborted(stop);
  await running.close();
  return EXIT.ok;
}
