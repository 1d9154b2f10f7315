import { createHash } from "node:crypto";
import {
  diffSops,
  entriesOf,
  formatOfFile,
  formatSopsPath,
  isSopsFile,
  openSops,
  type SopsComparison,
} from "../../secrets/sops/index.ts";
import { parseSops } from "../../secrets/sops/open.ts";
import type { Session } from "../session.ts";
import { identitiesOf, readWhole, type FileTools } from "./plain-files.ts";

/**
 * Describes a secret file in lines that differ exactly where its values do: one for each value, with a
 * fingerprint in place of the value, and one for each recipient. For `git diff`.
 *
 * @param path - absolute
 * @param session - whose fingerprints are used; without one, or without a key, ciphertexts are compared
 * @returns the text itself of a file that is not encrypted
 */
export async function describeFile(
  tools: FileTools,
  path: string,
  session: Session | null,
): Promise<readonly string[]> {
  const bytes = await readWhole(path);
  const format = formatOfFile(path);
  if (!isSopsFile(bytes, format)) return bytes.toString("utf8").split("\n");
  const { metadata, parsed } = parseSops({ bytes, format, file: path });
  const recipients = entriesOf(metadata).map(({ kind, id }) => `recipient ${kind}: ${id}`);
  const fingerprint = session === null ? null : (await session.fingerprints()).of;
  const document =
    fingerprint === null
      ? null
      : await openSops({ bytes, format, file: path, identities: await identitiesOf(tools) }).catch(
          () => null,
        );
  if (document !== null && fingerprint !== null) {
    const values = document.leaves.map((leaf) => {
      const shown = fingerprint(
        leaf.value.map((value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString("base64") : String(value ?? ""),
        ),
      );
      return `${formatSopsPath(leaf.path)}: ${leaf.encrypted ? "" : "not encrypted, "}${leaf.type} ${shown}`;
    });
    return [...values, ...recipients];
  }
  const values = parsed.entries.flatMap(({ kind, path: at, plain }) => {
    if (kind === "comment") return [];
    const digest = createHash("sha256").update(plain.bytes).digest("hex").slice(0, 24);
    return [`${formatSopsPath(at)}: ciphertext ${digest}`];
  });
  return [...values, ...recipients];
}

/** How two versions of a secret file differ; never what the values are. @param paths - absolute */
export async function compareFiles(
  tools: FileTools,
  paths: readonly [before: string, after: string],
): Promise<SopsComparison> {
  const [before, after] = await Promise.all(paths.map(readWhole));
  return await diffSops({
    before: before ?? new Uint8Array(),
    after: after ?? new Uint8Array(),
    format: formatOfFile(paths[1]),
    file: paths[1],
    identities: await identitiesOf(tools),
  });
}
