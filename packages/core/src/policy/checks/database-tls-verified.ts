import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = { "database.ssl_mode": "verify-full" };

/** Row 3. */
export const databaseTlsVerified: Check = {
  id: "database-tls-verified",
  number: 3,
  title: "Database connections verify the server",
  severity: "high",
  why: "Encryption without verification protects from listeners, not from somebody who answers instead of the server.",
  remedy: "Set sslmode to verify-full, and give clients the certificate authority of the server.",
  facts: ["database.ssl_mode"],
  optional: ["probe.postgresql", "probe.postgresql_settings"],
  rule: (facts) => {
    const mode = facts.text("database.ssl_mode");
    if (mode !== "verify-full") return fail(`sslmode is ${mode}, not verify-full`);
    if (facts.has("probe.postgresql") && facts.map("probe.postgresql")["tls"] === false)
      return fail("the server refused TLS");
    if (facts.has("probe.postgresql_settings") && facts.map("probe.postgresql_settings")["ssl"] === "off")
      return fail("TLS is off at the server");
    return pass("sslmode is verify-full");
  },
  examples: { pass: met, fail: { "database.ssl_mode": "require" } },
};
