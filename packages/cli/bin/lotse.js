#!/usr/bin/env node
// Plain JavaScript that any Node.js can run, so that an old one gets a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`lotse: [machine.missing] Node.js ${process.versions.node} is too old`);
  console.error("  hint: install Node.js 22.19 or newer; in this repository `npx lotse` brings its own");
  process.exit(6);
}
await import("./compile-cache.js");
const { main } = await import("../bundle/main.js");
process.exitCode = await main(process.argv.slice(2));
