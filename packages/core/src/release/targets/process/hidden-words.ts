import { join } from "node:path";
import { z } from "zod";
import { readPrivateFile, writePrivateFile } from "../../../kernel/index.ts";
import { seal, type SecretVariables } from "./slot-secrets.ts";

const fileName = "hidden.json";
const maxBytes = 256 * 1024 * 1024;
const wordsSchema = z.array(z.string());

/**
 * Writes down which secrets the rendered files of a slot hold, beside those files and as private as they are, so
 * that they are known for as long as the files are.
 *
 * @param directory - the slot's
 */
export async function writeHiddenWords(directory: string, words: readonly string[]): Promise<void> {
  if (words.length === 0) return;
  await writePrivateFile(join(directory, fileName), JSON.stringify(words), { sync: false });
}

/** What is to be taken out of what a slot's process writes, besides its secret variables; named `file:1` and so on. */
export async function readHiddenWords(directory: string): Promise<SecretVariables> {
  const content = await readPrivateFile(join(directory, fileName), maxBytes);
  const words = content === null ? [] : wordsSchema.parse(JSON.parse(content.toString("utf8")));
  return seal(Object.fromEntries(words.map((word, at) => [`file:${at + 1}`, word])));
}
