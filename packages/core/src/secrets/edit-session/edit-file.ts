import { lstatSync, openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isSystemError, LotseError, type Diagnostic } from "../../kernel/index.ts";
import type { PrivatePlace } from "../inject/index.ts";

/** The largest text that is taken back from an editor. */
const maxBytes = 16 * 1024 * 1024;

/** The ending that tells the editor the format, such as `.yml`. */
const suffixSchema = z.string().regex(/^(?:\.[A-Za-z0-9_-]{1,16}){1,4}$/u);

/** The file that is open in an editor, in a private directory. */
export class EditFile {
  readonly path: string;

  /** @throws LotseError `secret.editor` for a suffix that is no file ending */
  constructor(place: PrivatePlace, suffix: string) {
    if (!suffixSchema.safeParse(suffix).success) {
      throw new LotseError({ code: "secret.editor", message: "the file to edit has no usable ending" });
    }
    this.path = join(place.directory, `secrets${suffix}`);
  }

  /** Writes the text where there is no file yet, for this user alone. */
  create(content: Uint8Array): void {
    const file = openSync(this.path, "wx", 0o600);
    try {
      writeFileSync(file, content);
    } finally {
      closeSync(file);
    }
  }

  /** @returns the text, or what is wrong with the file that the editor left */
  read(): Uint8Array | Diagnostic {
    try {
      const found = lstatSync(this.path);
      if (!found.isFile()) return problem("the editor put something else than a file in its place");
      if (found.size > maxBytes) return problem(`the text is larger than ${maxBytes} bytes`);
      return readFileSync(this.path);
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return problem("the editor left no file");
      return problem("the file that the editor left cannot be read");
    }
  }

  /** Whether there is something at the path. */
  exists(): boolean {
    return lstatSync(this.path, { throwIfNoEntry: false }) !== undefined;
  }
}

/** A finding about the editing itself rather than about the text. */
export function problem(message: string): Diagnostic {
  return { code: "secret.editor", severity: "error", message, where: {} };
}
