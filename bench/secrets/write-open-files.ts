import { createCipheriv, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { encryptSops } from "@lotse/core/secrets";
import { openFiles, recordSizes } from "./open-files.ts";
import { digestOf, itemsOf, yamlOf, type Item } from "./workload.ts";

/** Writes the secrets for all contenders. @returns the digest that each has to come to */
export async function writeOpenFiles(directory: string, count: number): Promise<string> {
  const items = itemsOf(count);
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  const sops = (bytes: Uint8Array): Promise<Buffer> =>
    encryptSops({
      bytes,
      format: "yaml",
      file: openFiles.sops,
      recipients: { recipients: [recipient] },
      clock: () => new Date(),
      randomBytes,
    });
  write(openFiles.identity, `${identity}\n`);
  write(openFiles.sops, await sops(yamlOf(items)));
  write(openFiles.single, await sops(yamlOf(items.slice(0, 1))));
  const key = randomBytes(32);
  write(openFiles.plainKey, key);
  write(openFiles.plain, recordsOf(items, key));
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  write(openFiles.age, await encrypter.encrypt(new Uint8Array(yamlOf(items))));
  return digestOf(items);
}

function recordsOf(items: readonly Item[], key: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  for (const { path, text } of items) {
    const place = Buffer.from(path.join(":"));
    const nonce = randomBytes(recordSizes.nonce);
    const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: recordSizes.tag });
    cipher.setAAD(place);
    const data = Buffer.concat([cipher.update(text), cipher.final()]);
    parts.push(Buffer.from([place.length, data.length]), place, nonce, cipher.getAuthTag(), data);
  }
  return Buffer.concat(parts);
}
