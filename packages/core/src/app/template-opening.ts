import type { Node, SecretReference, Snapshot } from "../config/index.ts";
import { isLotseError, LotseError, type Sensitive, type Where } from "../kernel/index.ts";
import { pendingValue, type Rendering } from "../templates/index.ts";
import { renderHoles } from "./template-secrets.ts";
import { nodeOf, variablesFor, type SecretRevealer } from "./template-values.ts";

/** How a rendering goes that may use secrets. */
export interface SecretRendering {
  readonly snapshot: Snapshot;
  readonly workspace: string;
  /** Renders with the given variables; `withheld` once they hold secrets. */
  readonly render: (variables: ReadonlyMap<string, unknown>, withheld: boolean) => Rendering;
  /** Turns a template's name into the path that messages show. */
  readonly label: (name: string) => string;
  readonly reveal: SecretRevealer | undefined;
}

/** How often a template that computes with secrets is rendered again at most: once for each of them. */
const maxRounds = 100;

/**
 * Renders with the content of exactly those secrets that the template uses. Rendering is synchronous and opening a
 * secret is not: which ones a template writes out is found out first, and they are opened together. One that computes
 * with secrets is rendered with handles, what it came upon is opened, and it begins again until nothing new is.
 *
 * @throws LotseError `secret.not-found` where nothing can open secrets, `template.secret` for a template that computes
 * with more than 100 secrets, what `reveal` throws, and what `render` throws
 */
export async function renderWithSecrets(rendering: SecretRendering): Promise<Rendering> {
  const { snapshot, workspace, render, reveal } = rendering;
  const known = new Map<string, Sensitive<string>>();
  for (const { reference, where } of writtenSecrets(rendering))
    known.set(String(reference), await revealed(reference, reveal, where));
  for (let round = 0; round <= maxRounds; round++) {
    const used = new Map<string, SecretReference>();
    const variables = variablesFor(snapshot, workspace, (reference) => {
      const text = String(reference);
      return known.get(text)?.reveal() ?? pendingValue(() => used.set(text, reference));
    });
    let where: Where | undefined;
    try {
      const result = render(variables, known.size > 0);
      // A filter may have caught the failure, so that the text is made of something else.
      if (used.size === 0) return result;
    } catch (error) {
      if (used.size === 0) throw error;
      if (isLotseError(error)) ({ where } = error);
    }
    for (const [text, reference] of used) known.set(text, await revealed(reference, reveal, where));
  }
  throw new LotseError({
    code: "template.secret",
    message: `the template computes with more than ${maxRounds} secrets`,
    hint: "write secrets out as they are; what depends on them belongs into the configuration",
  });
}

interface WrittenSecret {
  readonly reference: SecretReference;
  readonly where: Where | undefined;
}

/** The secrets of a template that only writes them out; none for any other, which tells what it uses as it goes. */
function writtenSecrets({ snapshot, workspace, render, label }: SecretRendering): readonly WrittenSecret[] {
  try {
    const { holes, map } = renderHoles(snapshot, workspace, (variables) => render(variables, false), label);
    const found = new Map<string, WrittenSecret>();
    for (const { reference } of holes) {
      const origin = map.find(({ paths }) =>
        paths.some((path) => isHandle(nodeOf(snapshot, path), reference)),
      );
      const where = origin && { file: label(origin.template), line: origin.templateLine };
      found.set(String(reference), found.get(String(reference)) ?? { reference, where });
    }
    return [...found.values()];
  } catch (error) {
    // Whatever is wrong with the template, rendering it with its secrets tells it.
    if (isLotseError(error)) return [];
    throw error;
  }
}

function isHandle(node: Node | undefined, reference: SecretReference): boolean {
  return node?.kind === "secret" && String(node.value) === String(reference);
}

async function revealed(
  reference: SecretReference,
  reveal: SecretRevealer | undefined,
  where: Where | undefined,
): Promise<Sensitive<string>> {
  if (reveal !== undefined) {
    try {
      return await reveal(reference);
    } catch (error) {
      throw placedInTemplate(error, where);
    }
  }
  throw new LotseError({
    code: "secret.not-found",
    message: `the template uses ${String(reference)}, and there is nothing here that opens secrets`,
    hint: "a file that is no secret file holds the reference itself",
    where,
  });
}

/** A secret that is not there is the template's matter: the error says where it uses it. */
function placedInTemplate(error: unknown, where: Where | undefined): unknown {
  if (!isLotseError(error) || error.code !== "secret.not-found" || where === undefined) return error;
  if (error.where?.file !== undefined) return error;
  const { code, message, hint, where: named } = error;
  return new LotseError({ code, message, hint, where: { ...where, ...named }, cause: error });
}
