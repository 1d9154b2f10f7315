import type { Snapshot } from "../config/index.ts";
import type { Diagnostic } from "../kernel/index.ts";
import type { Rendering } from "../templates/index.ts";
import type { RenderedHoles } from "./template-secrets.ts";
import { nodeOf } from "./template-values.ts";

/** Turns a template's name into the path that messages show. */
type Label = (name: string) => string;

/** Values that change the structure of a YAML file, or that YAML reads as something else. */
export function yamlFindings(
  { warnings, unchecked }: Rendering,
  template: string,
  label: Label,
  secret: boolean,
): readonly Diagnostic[] {
  if (unchecked) return [tooLong(label(template))];
  return warnings.map(({ hazard, message, line, template, templateLine, templateColumn, paths }) => ({
    code: "template.yaml",
    severity: "warning",
    // The message quotes the value.
    message: `line ${line} of the YAML: ${secret ? `a value is not read as plain text (${hazard})` : message}`,
    ...(secret ? { hint: "use quote or to_yaml" } : {}),
    where: {
      file: label(template),
      line: templateLine,
      column: templateColumn,
      ...(paths[0] === undefined ? {} : { path: paths[0] }),
    },
  }));
}

function tooLong(file: string): Diagnostic {
  return {
    code: "template.yaml",
    severity: "info",
    message: "the text is too long to look for values that change the structure of the YAML",
    hint: "split the template, or pass values through quote or to_yaml",
    where: { file },
  };
}

/** Handles that went into a line that does not hold their reference: nothing that reads the file can resolve them. */
export function changedHandles(
  { text, map }: Rendering,
  snapshot: Snapshot,
  label: Label,
): readonly Diagnostic[] {
  const lines = text.split("\n");
  const found = new Map<string, Diagnostic>();
  for (const { line, template, templateLine, paths } of map) {
    for (const path of paths) {
      const node = nodeOf(snapshot, path);
      if (node?.kind !== "secret" || lines[line - 1]?.includes(String(node.value)) === true) continue;
      found.set(`${path} ${template} ${templateLine}`, {
        code: "template.handle",
        severity: "warning",
        message: `line ${line} is made of the secret ${path}, but does not hold its reference`,
        hint: "write the reference as it is, or let the template make a secret file: name it *.secret.j2",
        where: { file: label(template), line: templateLine, path },
      });
    }
  }
  return [...found.values()];
}

/** Secrets that are written into YAML as they are: what they say may change its structure, and nobody looks by then. */
export function plainSecretFindings(
  { holes }: Pick<RenderedHoles, "holes">,
  yaml: boolean,
  file: string,
): readonly Diagnostic[] {
  if (!yaml) return [];
  const plain = holes.filter(({ encoder }) => encoder === undefined || encoder === "e");
  return [...new Set(plain.map(({ reference }) => String(reference)))].map((reference) => ({
    code: "template.yaml",
    severity: "warning",
    message: `${reference} is put into YAML as it is`,
    hint: "use quote",
    where: { file },
  }));
}
