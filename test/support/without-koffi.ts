/** For `node --import`: koffi cannot be loaded, as where it was not installed; in the threads that are started as well. */
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "koffi") return next(specifier, context);
    throw Object.assign(new Error("Cannot find package 'koffi': it is hidden here"), { code: "ERR_MODULE_NOT_FOUND" });
  },
});
