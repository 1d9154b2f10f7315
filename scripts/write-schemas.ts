// Writes the JSON Schemas of what commands print, of lotse.yml and of the files below policy/, to schemas/. With --check it only compares.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { jsonSchemas } from "@lotse/core/contract";
import { policyFileSchemas } from "@lotse/core/policy";

const directory = join(dirname(dirname(fileURLToPath(import.meta.url))), "schemas");

function present(): ReadonlyMap<string, string> {
  mkdirSync(directory, { recursive: true });
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

const wanted = jsonSchemas(policyFileSchemas);
const found = present();
const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter(
  (name) => wanted.get(name) !== found.get(name),
);
if (process.argv.includes("--check")) {
  for (const name of stale) console.error(`schemas/${name} is out of date: npm run schemas`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const name of stale) {
    const content = wanted.get(name);
    if (content === undefined) rmSync(join(directory, name));
    else writeFileSync(join(directory, name), content);
  }
  console.log(`${wanted.size} schemas, ${stale.length} written`);
}
