import { LotseError } from "../../kernel/index.ts";
import { manifestDigest, signManifest, type Manifest, type SigningKey } from "../manifest/index.ts";
import type { SopsFormat } from "../sops/index.ts";
import { parseSops } from "../sops/open.ts";
import type { SecretLayer } from "./layer.ts";
import { recordOf } from "./leaf-names.ts";
import { recipientsOf, structureOf, tokensOf } from "./loaded.ts";
import { bindingOf } from "./read.ts";

/** What a new manifest is made of. */
export interface NewManifest {
  readonly workspace: string;
  readonly layer: SecretLayer;
  readonly file: string;
  readonly incoming: string | null;
  readonly format: SopsFormat;
  /** The new content of the file. */
  readonly bytes: Uint8Array;
  /** The manifest before; null for a new file. */
  readonly before: Manifest | null;
  /** The lowest version that a value may get: one written blindly goes on from the one it replaces. */
  readonly atLeast?: number;
  /** The last known versions of values by name, where the manifest before is not to be believed otherwise. */
  readonly floors?: Readonly<Record<string, number>>;
  /** The version of the file is at least one above this. */
  readonly above?: number;
  /** Records of values that come from beside the file, by name. */
  readonly taken?: Manifest["values"];
  readonly who: string;
  readonly now: Date;
  readonly key: SigningKey;
}

/**
 * Makes the manifest of a file's new content: one version up, and so is each value whose ciphertext is another
 * than before.
 *
 * @throws LotseError `secret.unrepresentable` for a value by the name of `__proto__`
 */
export function makeManifest(request: NewManifest): Manifest {
  const { before, bytes, file, format, who } = request;
  const parsed = parseSops({ bytes, format, file });
  const now = request.now.toISOString();
  const values: Record<string, Manifest["values"][string]> = {};
  for (const [name, token] of tokensOf(parsed, format)) {
    if (name === "__proto__") throw unnameable(file);
    const old = before === null ? undefined : recordOf(before.values, name);
    const taken = recordOf(request.taken ?? {}, name);
    if (old?.token === token) values[name] = old;
    else if (taken !== undefined) values[name] = { ...taken, token };
    else {
      const last = Math.max(
        old?.version ?? recordOf(before?.removed ?? {}, name) ?? 0,
        recordOf(request.floors ?? {}, name) ?? 0,
      );
      const version = Math.max(last + 1, request.atLeast ?? 1);
      values[name] = { version, changedAt: now, changedBy: who, token };
    }
  }
  const removed: Record<string, number> = { ...request.floors, ...before?.removed };
  for (const [name, { version }] of Object.entries(before?.values ?? {})) {
    if (!Object.hasOwn(values, name)) removed[name] = version;
  }
  for (const name of Object.keys(values)) delete removed[name];
  return signManifest(
    {
      schema: 1,
      ...bindingOf(request.workspace, request.layer, file, request.incoming),
      environment: request.layer.environment,
      version: Math.max(before?.version ?? 0, request.above ?? 0) + 1,
      previous: before === null ? null : manifestDigest(before),
      structure: structureOf(parsed),
      recipients: [...recipientsOf(parsed)],
      values,
      removed,
      signedAt: now,
      signer: { name: who, key: "" },
    },
    request.key,
  );
}

function unnameable(file: string): LotseError {
  return new LotseError({
    code: "secret.unrepresentable",
    message: `a value of ${file} is named __proto__, which no manifest can hold`,
    hint: "give it another name",
    where: { file },
  });
}
