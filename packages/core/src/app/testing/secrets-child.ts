/**
 * Does one thing to the secrets of a workspace, again and again, until it is killed:
 * `secrets-child.ts set|rekey|merge|edit DIRECTORY`. Prints a dot after each time. `remove DIRECTORY RECIPIENT` ends
 * itself as `kill -9` would after its first file.
 */
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, Sensitive, systemClock, systemExec } from "../../kernel/index.ts";
import {
  editSecrets,
  existingLayers,
  mergeFiles,
  rekeyFiles,
  removeRecipient,
  setSecret,
} from "../secrets/index.ts";
import { openSession, type Session } from "../session.ts";

const [operation = "", directory = "", recipient = ""] = process.argv.slice(2);
const scope = { environment: "prod", tenant: "acme" };
const editor = join(directory, "editor.sh");
writeFileSync(editor, '#!/bin/sh\nsed -i "s/^edited:.*/edited: \\"$$\\"/" "$1"\n');
chmodSync(editor, 0o700);

const session = (): Session =>
  openSession({ directory, variables: { ...process.env, EDITOR: editor, SOPS_EDITOR: "" } });
const [layer] = await existingLayers(session(), ["environments/prod/secrets/tenants/acme.yml"]);
if (layer === undefined) throw new Error("the workspace has no secret file");
const full = (name: string): string => join(directory, name);

async function once(count: number): Promise<void> {
  if (layer === undefined) return;
  switch (operation) {
    case "set":
      await setSecret(session(), scope, "n", new Sensitive(String(count)));
      break;
    case "rekey":
      await rekeyFiles(session(), [layer], true);
      break;
    case "edit":
      await editSecrets(session(), layer, {
        prompt: { onMistake: () => Promise.resolve("give-up") },
        allowDisk: true,
      });
      break;
    case "remove":
      await removeRecipient(session(), await existingLayers(session(), []), recipient, "bob", () => {
        process.kill(process.pid, "SIGKILL");
      });
      break;
    case "merge": {
      for (const name of ["base.yml", "ours.yml"]) copyFileSync(full(layer.file), full(name));
      const tools = { variables: process.env, exec: systemExec, clock: systemClock };
      const paths = { base: full("base.yml"), ours: full("ours.yml"), theirs: full("theirs.yml") };
      const merged = await mergeFiles(tools, { ...paths, path: layer.file });
      await replaceFile(full("merged.yml"), merged.bytes);
      break;
    }
    default:
      throw new Error(`no operation ${operation}`);
  }
}

for (let count = 0; ; count++) {
  await once(count);
  process.stdout.write(".");
}
