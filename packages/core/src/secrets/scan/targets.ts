import { DirectoryFiles, isLotseError, type Exec } from "../../kernel/index.ts";
import type { Finding } from "./finding.ts";
import { listHistory, listIgnoredEnvFiles, listStaged, listTree, readObjects, type BlobRef } from "./git.ts";
import { scanText, type ScanRules } from "./scan-text.ts";

/**
 * What is scanned: the files of the working tree that are tracked or not ignored, what the next commit adds,
 * `.env` files that git ignores, every content that any branch or tag ever had, or files by name.
 */
export type ScanTarget = "tree" | "staged" | "env" | "history" | { readonly files: readonly string[] };

/** What a scan needs. */
export interface ScanRequest extends ScanRules {
  /** The directory to scan, absolute. Paths in findings are below it, except in the staged diff and the history. */
  readonly root: string;
  readonly targets: readonly ScanTarget[];
  readonly exec: Exec;
  /** Larger files are not scanned, but listed. @defaultValue 10 MiB */
  readonly maxFileBytes?: number;
}

/** Something that was not scanned. */
export interface SkippedFile {
  readonly file: string;
  readonly commit?: string;
  readonly why: "binary" | "too large" | "outside" | "not readable";
}

/** What a scan found. */
export interface ScanResult {
  readonly findings: readonly Finding[];
  readonly scannedFiles: number;
  readonly scannedBytes: number;
  readonly skipped: readonly SkippedFile[];
}

const defaultMaxFileBytes = 10 * 1024 * 1024;

/**
 * Scans a repository.
 *
 * @throws LotseError `git.failed` when a target needs a git repository and there is none
 */
export async function scanTargets(request: ScanRequest): Promise<ScanResult> {
  const scan = new Scan(request);
  for (const target of request.targets) await scan.add(target);
  return scan.result();
}

class Scan {
  readonly #request: ScanRequest;
  readonly #maxBytes: number;
  readonly #findings: Finding[] = [];
  readonly #skipped: SkippedFile[] = [];
  readonly #doneFiles = new Set<string>();
  #files = 0;
  #bytes = 0;

  constructor(request: ScanRequest) {
    this.#request = request;
    this.#maxBytes = request.maxFileBytes ?? defaultMaxFileBytes;
  }

  async add(target: ScanTarget): Promise<void> {
    const { exec, root } = this.#request;
    if (typeof target !== "string") return this.#scanFiles(target.files);
    switch (target) {
      case "tree":
        return this.#scanFiles(await listTree(exec, root));
      case "env":
        return this.#scanFiles(await listIgnoredEnvFiles(exec, root));
      case "staged":
        return this.#scanStaged(await listStaged(exec, root));
      case "history":
        return this.#scanHistory(await listHistory(exec, root));
    }
  }

  result(): ScanResult {
    return {
      findings: this.#findings,
      scannedFiles: this.#files,
      scannedBytes: this.#bytes,
      skipped: this.#skipped,
    };
  }

  async #scanFiles(names: readonly string[]): Promise<void> {
    const files = new DirectoryFiles(this.#request.root);
    for (const file of names) {
      if (this.#doneFiles.has(file)) continue;
      this.#doneFiles.add(file);
      const content = this.#read(files, file);
      if (content !== undefined) this.#findings.push(...(await this.#scan(file, content)));
    }
  }

  #read(files: DirectoryFiles, file: string): Buffer | undefined {
    try {
      const size = files.size(file);
      if (size !== undefined && size > this.#maxBytes) {
        this.#skipped.push({ file, why: "too large" });
        return undefined;
      }
      // A tracked file may have been deleted, and a submodule is a directory.
      const content = files.list(file).length > 0 ? undefined : files.read(file);
      return content === undefined ? undefined : Buffer.from(content);
    } catch (error) {
      if (!isLotseError(error)) throw error;
      this.#skipped.push({ file, why: error.code === "file.outside" ? "outside" : "not readable" });
      return undefined;
    }
  }

  /** Only what stands in lines that the file did not have before is reported. */
  async #scanStaged(blobs: readonly BlobRef[]): Promise<void> {
    const ids = blobs.flatMap(({ id, previous }) => (previous === undefined ? [id] : [id, previous]));
    const contents = new Map<string, Buffer>();
    for await (const [id, content] of this.#objects(ids)) if (content !== null) contents.set(id, content);
    for (const { id, file, previous } of blobs) {
      const content = contents.get(id);
      if (content === undefined) {
        this.#skipped.push({ file, why: "too large" });
        continue;
      }
      const lines = content.toString("utf8").split("\n");
      const old = new Set((contents.get(previous ?? "")?.toString("utf8") ?? "").split("\n"));
      const isNew = ({ line, endLine }: Finding): boolean =>
        previous === undefined || lines.slice(line - 1, endLine).some((text) => !old.has(text));
      this.#findings.push(...(await this.#scan(file, content)).filter(isNew));
    }
  }

  async #scanHistory(blobs: readonly BlobRef[]): Promise<void> {
    const byId = new Map(blobs.map((blob) => [blob.id, blob]));
    for await (const [id, content] of this.#objects([...byId.keys()])) {
      const blob = byId.get(id);
      if (blob === undefined) continue;
      const commit = blob.commit === undefined ? {} : { commit: blob.commit };
      if (content === null) {
        this.#skipped.push({ file: blob.file, ...commit, why: "too large" });
        continue;
      }
      const findings = await this.#scan(blob.file, content);
      this.#findings.push(...findings.map((finding) => ({ ...finding, ...commit })));
    }
  }

  #objects(ids: readonly string[]): AsyncGenerator<readonly [string, Buffer | null]> {
    const { exec, root } = this.#request;
    return readObjects(exec, root, [...new Set(ids)], this.#maxBytes);
  }

  async #scan(file: string, content: Buffer): Promise<readonly Finding[]> {
    // What git itself takes for binary: https://git-scm.com/docs/gitattributes#_marking_files_as_binary
    if (content.subarray(0, 8000).includes(0)) {
      this.#skipped.push({ file, why: "binary" });
      return [];
    }
    this.#files++;
    this.#bytes += content.length;
    return scanText({ file, text: content.toString("utf8") }, this.#request);
  }
}
