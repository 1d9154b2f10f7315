import { posix } from "node:path";
import { z } from "zod";
import { isLotseError, type Files, type LotseError, type Where } from "../../kernel/index.ts";
import { policyFilesIn, readPolicyFile } from "../read-file.ts";

/** Where waivers are kept, one a file. */
export const waiverDirectory = "policy/waivers";

const day = z.iso.date("write the day as YYYY-MM-DD");
const person = z.string().trim().min(1).max(200);
const patterns = z.array(z.string().min(1).max(63)).min(1).max(1000);

/** The schema of `policy/waivers/*.yml`. */
export const waiverFile = z.strictObject({
  check: z.string().min(1).max(100).describe("the id of the check whose failure is accepted"),
  scope: z
    .strictObject({
      environments: patterns.describe("names or patterns; `*` is all"),
      tenants: patterns.default(["*"]).describe("names or patterns; `*` is all"),
    })
    .describe("where it is accepted"),
  owner: person.describe("who brings it to an end"),
  reason: z.string().trim().min(10, "say why in a sentence").max(2000),
  approver: person.describe("who accepted it: name or e-mail, and not the author of the file"),
  approved: day.describe("when"),
  expires: day.describe("the last day on which it holds, in UTC"),
});

/** A waiver as its file says it, and the file. */
export interface Waiver extends z.infer<typeof waiverFile> {
  /** The name of its file without the ending. */
  readonly id: string;
  readonly file: string;
  /** Who wrote the file, as git or the audit log says; `undefined` where neither knows. */
  readonly authors: readonly string[] | undefined;
  readonly where: (key: keyof z.infer<typeof waiverFile>) => Where;
}

/** What reading a directory of waivers came to: a broken file does not hide the others. */
export interface WaiverFiles {
  readonly waivers: readonly Waiver[];
  readonly problems: readonly LotseError[];
}

/**
 * Reads all waivers of a workspace.
 *
 * @param authors - the authors of each file; see `authorsOf`
 */
export function readWaivers(
  files: Files,
  authors: ReadonlyMap<string, readonly string[]> = new Map(),
): WaiverFiles {
  const waivers: Waiver[] = [];
  const problems: LotseError[] = [];
  for (const file of policyFilesIn(files, waiverDirectory)) {
    try {
      const read = readPolicyFile(files, file, waiverFile, "waiver.invalid");
      if (read === undefined) continue;
      waivers.push({
        ...read.value,
        id: posix.basename(file).replace(/\.[a-z]+$/u, ""),
        file,
        authors: authors.get(file),
        where: (key) => read.where([key]),
      });
    } catch (error) {
      if (!isLotseError(error)) throw error;
      problems.push(error);
    }
  }
  return { waivers, problems };
}
