import type { Match } from "./finding.ts";
import { isPlaceholder } from "./placeholder.ts";
import { rotate, type Source } from "./rule.ts";

/** Finds what secretlint's recommended rules find. */
export type PresetScan = (source: Source) => Promise<readonly Match[]>;

const presetId = "@secretlint/secretlint-rule-preset-recommend";

/** Rules of the preset that ours replace, as ours know more placeholders. */
const replaced = ["basicauth", "database-connection-string", "privatekey", "hashicorp-vault"];

/**
 * Loads secretlint with its recommended rules. It takes a moment and some memory, so load it once, and only to
 * scan.
 *
 * @see https://github.com/secretlint/secretlint/tree/master/packages/%40secretlint/secretlint-rule-preset-recommend
 */
export async function loadPreset(): Promise<PresetScan> {
  const [{ lintSource }, { creator }] = await Promise.all([
    import("@secretlint/core"),
    import("@secretlint/secretlint-rule-preset-recommend"),
  ]);
  const rules = replaced.map((name) => ({ id: `@secretlint/secretlint-rule-${name}`, disabled: true }));
  return async ({ text, file }) => {
    const result = await lintSource({
      source: { content: text, filePath: file, contentType: "text" },
      options: {
        maskSecrets: true,
        noPhysicFilePath: true,
        config: { rules: [{ id: presetId, rule: creator, rules }] },
      },
    });
    return result.messages.flatMap(({ ruleId, range: [start, end], severity }): Match[] => {
      if (isPlaceholder(text.slice(start, end))) return [];
      const name = ruleId.replace(/^@secretlint\/secretlint-rule-/u, "");
      return [
        {
          rule: `secretlint/${name}`,
          severity: severity === "info" ? "info" : severity === "warning" ? "warning" : "error",
          start,
          end,
          message: `something that looks like a secret of ${name} stands here`,
          hint: rotate,
        },
      ];
    });
  };
}
