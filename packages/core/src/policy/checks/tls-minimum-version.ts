import type { Check } from "./check.ts";
import { listed, textIn, textsIn, textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "environment.kind": "production", "tls.min_version": "1.3" };

/** Row 1. */
export const tlsMinimumVersion: Check = {
  id: "tls-minimum-version",
  number: 1,
  title: "Every endpoint speaks TLS 1.2 or newer, in production 1.3",
  severity: "high",
  why: "Older versions of TLS can be broken by somebody on the way, who then reads and changes everything.",
  remedy: "Set the oldest TLS version to 1.3 in production and to 1.2 at least elsewhere, at every endpoint.",
  facts: ["environment.kind", "tls.min_version"],
  optional: ["probe.tls", "tls.rendered_protocols", "probe.postgresql_settings"],
  rule: (facts) => {
    const least = facts.text("environment.kind") === "production" ? 1.3 : 1.2;
    const text = facts.text("tls.min_version");
    const configured = Number(text.replace(/^TLS\s*v?/iu, ""));
    if (!(configured >= least)) return fail(`TLS ${text} is allowed, ${least} is the least`);
    if (facts.has("tls.rendered_protocols")) {
      const older = textsOf(facts, "tls.rendered_protocols").flatMap((version, index) =>
        versionOf(version) < least ? [{ version, index }] : [],
      );
      if (older.length > 0) {
        return fail(
          `rendered files allow ${listed([...new Set(older.map(({ version }) => version))])}`,
          older.map(({ index }) => ({ fact: "tls.rendered_protocols", path: [String(index)] })),
        );
      }
    }
    if (facts.has("probe.postgresql_settings")) {
      const version = textIn(facts.map("probe.postgresql_settings"), "ssl_min_protocol_version");
      if (version !== "" && versionOf(version) < least) return fail(`the database server allows ${version}`);
    }
    if (facts.has("probe.tls")) {
      const older = textsIn(facts.map("probe.tls"), "versions").filter(
        (version) => versionOf(version) < least,
      );
      if (older.length > 0) return fail(`the endpoint agreed to ${older.join(" and ")}`);
    }
    return pass(`TLS ${text} or newer`);
  },
  examples: { pass: met, fail: { ...met, "tls.min_version": "1.2" } },
};

/** The number of a version such as `TLSv1.2`; 0 for an older protocol, such as `SSLv3`. */
function versionOf(name: string): number {
  const number = /^TLSv(\d+(?:\.\d+)?)$/u.exec(name)?.[1];
  return number === undefined ? 0 : Number(number);
}
