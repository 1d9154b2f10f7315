import { templateFacts, type FactSource } from "../policy/index.ts";
import type { Session } from "./session.ts";
import { deploymentTemplatesOf, isSecretEntry } from "./template-deployment.ts";

/**
 * What rendered files say, where `lotse.yml` declares templates. Secret files are left out: what they say is not known.
 *
 * @param source - the workspace, or a revision of it in git
 */
export function templateSources(
  source: Pick<Session, "engine"> & Partial<Pick<Session, "directory">>,
): readonly FactSource[] {
  const templates = deploymentTemplatesOf(source);
  if (!templates.declared) return [];
  return [
    templateFacts((snapshot, wanted) =>
      templates
        .of(snapshot, (entry, path) => wanted(path) && !isSecretEntry(entry))
        .map(({ path, bytes, sha256, map, template }) => ({
          path,
          text: Buffer.from(bytes).toString("utf8"),
          sha256,
          placeOf: (line) => {
            const origin = map[line - 1];
            return origin === undefined
              ? { file: template }
              : { file: origin.template, line: origin.templateLine };
          },
        })),
    ),
  ];
}
