import { createHash } from "node:crypto";

/** One secret of the workload. */
export interface Item {
  /** Its place: a group and a name in it. */
  readonly path: readonly [group: string, name: string];
  readonly text: string;
}

const groupSize = 50;

/**
 * Secrets as files have them: tokens of 32 characters, fifty to a group. The same at every call.
 *
 * @param salt - makes those of one file differ from those of another
 */
export function itemsOf(count: number, salt = ""): readonly Item[] {
  return Array.from({ length: count }, (_, index) => ({
    path: [
      `group_${String(Math.floor(index / groupSize)).padStart(4, "0")}`,
      `token_${String(index % groupSize).padStart(2, "0")}`,
    ],
    // With a letter in front no YAML writer puts it in quotes.
    text: `s${createHash("sha256").update(`${salt}/${index}`).digest("base64url").slice(0, 31)}`,
  }));
}

/** The secrets as a plain YAML file. */
export function yamlOf(items: readonly Item[]): Buffer {
  const lines: string[] = [];
  let group = "";
  for (const { path, text } of items) {
    if (path[0] !== group) lines.push(`${path[0]}:`);
    group = path[0];
    lines.push(`    ${path[1]}: ${text}`);
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** Digests names and values, so that contenders can be compared. @returns lower-case hex */
export function digestOf(items: Iterable<Item>): string {
  const hash = createHash("sha256");
  for (const { path, text } of items) hash.update(`${path.join(".")}=${text}\n`);
  return hash.digest("hex");
}

/** Reads back what {@link yamlOf} made; no YAML parser, since the peers are to pay for none. */
export function itemsOfYaml(text: string): readonly Item[] {
  const items: Item[] = [];
  let group = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (line.startsWith(" ")) {
      const at = line.indexOf(": ");
      items.push({ path: [group, line.slice(4, at)], text: line.slice(at + 2) });
    } else group = line.slice(0, -1);
  }
  return items;
}
