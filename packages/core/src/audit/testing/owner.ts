import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { leafHash } from "../merkle/hash.ts";
import { CompactRange } from "../merkle/range.ts";
import { signCheckpoint } from "../note/checkpoint.ts";
import { readKeyFile } from "../note/key-file.ts";
import type { Signer } from "../note/key.ts";
import { segmentEntries, segmentName } from "../store/file/segments.ts";

/** Whoever owns the files of a log, and knows how it works. */
export class Owner {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All lines of the log. */
  async lines(): Promise<string[]> {
    const names = (await readdir(join(this.#directory, "entries"))).sort();
    const contents = await Promise.all(
      names.map((name) => readFile(join(this.#directory, "entries", name), "utf8")),
    );
    return contents.join("").split("\n").slice(0, -1);
  }

  /** Puts other lines in their place, and nothing else. */
  async write(lines: readonly string[]): Promise<void> {
    await rm(join(this.#directory, "entries"), { recursive: true });
    await mkdir(join(this.#directory, "entries"));
    for (let start = 0; start < lines.length; start += segmentEntries) {
      const content = lines.slice(start, start + segmentEntries).map((line) => `${line}\n`);
      await writeFile(this.#segment(start / segmentEntries), content.join(""));
    }
  }

  /** Changes lines, and nothing else. */
  async edit(change: (lines: string[]) => string[]): Promise<void> {
    await this.write(change(await this.lines()));
  }

  /** Makes the hashes fit the lines. */
  async makeHashes(): Promise<CompactRange> {
    const range = new CompactRange();
    const stored: Buffer[] = [];
    for (const line of await this.lines()) range.append(leafHash(line), (hash) => stored.push(hash));
    await writeFile(join(this.#directory, "tree"), Buffer.concat(stored));
    return range;
  }

  /** Makes hashes, checkpoint and snapshot fit the lines, with the log's own key. */
  async cover(): Promise<void> {
    const range = await this.makeHashes();
    const signer = (await readKeyFile(join(this.#directory, "key"))) as Signer;
    const checkpoint = { origin: signer.key.name, size: range.size, root: range.root() };
    await writeFile(join(this.#directory, "checkpoint"), signCheckpoint(checkpoint, signer));
    await rm(join(this.#directory, "snapshot.json"), { force: true });
  }

  /** Changes a part of a file. @param to - what comes there, or makes it of what was there */
  async change(name: string, from: string | RegExp, to: string | ((was: string) => string)): Promise<void> {
    const path = join(this.#directory, name);
    const content = await readFile(path, "latin1");
    const changed = typeof to === "string" ? content.replace(from, to) : content.replace(from, to);
    await writeFile(path, Buffer.from(changed, "latin1"));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { recursive: true });
  }

  #segment(segment: number): string {
    return join(this.#directory, "entries", `${segmentName(segment)}.jsonl`);
  }
}
