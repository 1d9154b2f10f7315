import { once } from "node:events";
import { createApp } from "./app.js";
import { readConfig, secretNames, wholeNumber } from "./config.js";
import { createLog } from "./log.js";
import { version } from "./version.js";

// Started by Lotse, which sets PORT, HOST and LOTSE_*. Exit status: 0 drained, 1 could not start or was cut off.

/** @param {NodeJS.ProcessEnv} env */
async function main(env) {
  const config = readConfig(env.LOTSE_CONFIG);
  const identity = {
    release: env.LOTSE_RELEASE,
    tenant: env.LOTSE_TENANT,
    environment: env.LOTSE_ENVIRONMENT,
    colour: env.LOTSE_COLOUR,
    secrets: secretNames(env),
  };
  const { tenant, environment } = identity;
  const log = createLog({
    level: config.logging?.level,
    fields: {
      service: "spotify-ai-agent",
      version,
      environment,
      [config.logging?.tenant_field ?? "tenant_id"]: tenant,
    },
  });
  const port = wholeNumber(env.PORT ?? "8000", 0, 65_535);
  if (port === null) throw new Error(`PORT is not a port: ${env.PORT}`);

  const { server, drain } = createApp({ config, version, identity }, log);
  server.listen(port, env.HOST ?? "127.0.0.1");
  await once(server, "listening");
  log("info", "listening", {
    port: server.address().port,
    release: identity.release,
    colour: identity.colour,
  });

  const limitMs = config.application?.api?.timeouts?.shutdown_ms ?? 25_000;
  const signal = await stopSignal();
  log("info", "draining", { signal, limit_ms: limitMs });
  const drained = await drain(limitMs);
  log(drained ? "info" : "warn", drained ? "stopped" : "stopped with requests in flight");
  // Lets the last lines out, then ends even if something still holds the process.
  process.stdout.write("", () => process.exit(drained ? 0 : 1));
}

/** The first signal to stop; later ones change nothing, the drain has a limit of its own. @returns {Promise<string>} */
function stopSignal() {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => resolve(name));
  });
}

main(process.env).catch((error) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${JSON.stringify({ level: "error", message: "cannot start", reason })}\n`);
  process.exitCode = 1;
});
