// Runs the examples of docs/*.md as a reader would, and writes the tables in them that come from the code.
//
// Between two headings is one example with a directory of its own. A fenced block with a title is a file, a
// `console` block holds commands after `$ ` and what they print; `…` stands for text that differs from run to
// run. See docs/configuration.md, "How the examples work", and CONTRIBUTING.md.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { lotse, root } from "./cli-runner.ts";
import { afterAll } from "vitest";
import { Shell } from "./docs-shell.ts";

/** A file that an example shows. */
interface FileStep {
  readonly kind: "file";
  readonly path: string;
  readonly text: string;
}

/** A command that an example runs, and what it is to print. */
interface CommandStep {
  readonly kind: "command";
  readonly command: string;
  readonly status: number;
  readonly printed: string;
  /** The lines of the document that hold the command and its output; the second is exclusive. */
  readonly lines: readonly [number, number];
}

/** What stands between two headings: files and commands, in their order. */
export interface Example {
  /** Such as `configuration.md:120 Final values`. */
  readonly name: string;
  readonly document: string;
  readonly steps: readonly (FileStep | CommandStep)[];
}

/** The directory of the documentation. */
const docs = join(root, "docs");

/** Documents of other packages, whose examples their own tests hold. */
const elsewhere: ReadonlySet<string> = new Set(["templates.md", "benchmarks.md"]);

/** The documents whose examples are run. */
export function documents(): readonly string[] {
  return readdirSync(docs).filter((name) => name.endsWith(".md") && !elsewhere.has(name));
}

/** The examples of a document that run commands. */
export function examplesOf(document: string): readonly Example[] {
  const lines = readFileSync(join(docs, document), "utf8").split("\n");
  const examples: { name: string; document: string; steps: (FileStep | CommandStep)[] }[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^#+ /u.test(line)) {
      examples.push({
        name: `${document}:${at + 1} ${line.replace(/^#+ /u, "").replaceAll("`", "")}`,
        document,
        steps: [],
      });
    }
    if (!line.startsWith("```")) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`${document}:${at + 1}: the block is not closed`);
    examples.at(-1)?.steps.push(...stepsOf(line, lines.slice(at + 1, end), at + 1));
    at = end;
  }
  return examples.filter(({ steps }) => steps.some(({ kind }) => kind === "command"));
}

function stepsOf(fence: string, body: readonly string[], first: number): (FileStep | CommandStep)[] {
  const title = /^```\w+ title="([^"]+)"$/u.exec(fence)?.[1];
  if (title !== undefined) return [{ kind: "file", path: title, text: `${body.join("\n")}\n` }];
  if (/^```(?:ts|js|ya?ml|json)$/u.test(fence)) throw new Error(`line ${first}: a file has a title`);
  return fence === "```console" ? commandsOf(body, first) : [];
}

function commandsOf(body: readonly string[], first: number): CommandStep[] {
  const starts = body.flatMap((line, index) => (line.startsWith("$ ") ? [index] : []));
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? body.length;
    const [, command = "", status] = /^\$ (.*?)(?: {2}# exits with (\d+))?$/u.exec(body[start] ?? "") ?? [];
    return {
      kind: "command",
      command,
      status: Number(status ?? 0),
      printed: body.slice(start + 1, end).join("\n"),
      lines: [first + start, first + end],
    };
  });
}

const base = mkdtempSync(join(tmpdir(), "lotse-docs-"));
// The user that an embedded PostgreSQL runs as must be able to enter.
chmodSync(base, 0o711);
afterAll(() => rmSync(base, { recursive: true, force: true }));
let count = 0;

/** Where programs find `lotse`, `node` and `@lotse/core`. */
function prepareBase(): void {
  if (existsSync(join(base, "bin"))) return;
  mkdirSync(join(base, "bin"));
  mkdirSync(join(base, "node_modules/@lotse"), { recursive: true });
  const command = join(root, "packages/cli/bin/lotse.js");
  writeFileSync(join(base, "bin/lotse"), `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`, {
    mode: 0o755,
  });
  symlinkSync(process.execPath, join(base, "bin/node"));
  symlinkSync(join(root, "node_modules/.bin/tsc"), join(base, "bin/tsc"));
  symlinkSync(join(root, "packages/core"), join(base, "node_modules/@lotse/core"));
  writeFileSync(join(base, "package.json"), '{ "type": "module" }\n');
}

/** What an example has without showing it: see docs/configuration.md, "How the examples work". */
function unseenFiles(example: Example): readonly FileStep[] {
  const shown = example.steps.flatMap((step) => (step.kind === "file" ? [step.path] : []));
  if (shown.length === 0) return [];
  const schema = shown.includes("schema.yml") ? "schema: schema.yml\n" : "";
  return [
    { kind: "file", path: "lotse.yml", text: `version: 1\n${schema}` } as const,
    ...["dev", "staging", "prod"].map((name): FileStep => ({
      kind: "file",
      path: `environments/${name}/${name}.yml`,
      text: "",
    })),
  ].filter(({ path }) => !shown.includes(path));
}

function write(directory: string, { path, text }: FileStep): void {
  const full = join(directory, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

/** A command with what it did. */
export interface Done {
  readonly step: CommandStep;
  readonly status: number;
  /** Standard output; what stands on standard error is only allowed where the command redirects it. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example in a new directory. */
async function runExample(example: Example, shell: Shell): Promise<readonly Done[]> {
  prepareBase();
  const directory = join(base, String((count += 1)), "workspace");
  mkdirSync(directory, { recursive: true });
  for (const file of unseenFiles(example)) write(directory, file);
  const done: Done[] = [];
  try {
    for (const step of example.steps) {
      if (step.kind === "file") write(directory, step);
      else
        done.push({
          step,
          ...(await shell.run(step.command, { cwd: directory, env: environment(dirname(directory)) })),
        });
    }
  } finally {
    if (existsSync(join(directory, ".lotse/run")))
      await lotse(["stop"], { cwd: directory, env: environment(dirname(directory)) });
    rmSync(dirname(directory), { recursive: true, force: true });
  }
  return done;
}

/** The environment that commands run with: small, and known. */
function environment(home: string): Readonly<Record<string, string>> {
  const who = { GIT_AUTHOR_NAME: "docs", GIT_AUTHOR_EMAIL: "docs@example.com" };
  return {
    PATH: `${join(base, "bin")}:${process.env["PATH"] ?? ""}`,
    HOME: home,
    // Where the user that it runs as can enter.
    LOTSE_POSTGRES_DIR: join(base, `postgres-${basename(home)}`),
    USER: "docs",
    LANG: "C.UTF-8",
    NODE_COMPILE_CACHE: join(base, "cache"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_COMMITTER_NAME: who.GIT_AUTHOR_NAME,
    GIT_COMMITTER_EMAIL: who.GIT_AUTHOR_EMAIL,
    ...who,
  };
}

/** Whether a command did what the document says. */
export function asPrinted({ step, status, stdout, stderr }: Done): boolean {
  if (status !== step.status || stderr !== "") return false;
  const actual = stdout.replace(/\n$/u, "");
  if (!step.printed.includes("…")) return actual === step.printed;
  const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&");
  const pattern = step.printed
    .split("\n")
    .map((line) => (line === "…" ? "[^]*" : line.split("…").map(escape).join("[^\\n]*")))
    .join("\n");
  return new RegExp(`^${pattern}$`, "u").test(actual);
}

/** What a command did, in the form in which a document says it. */
export function transcript({ step, status, stdout, stderr }: Done): string {
  const output = `${stdout}${stderr === "" ? "" : `(on standard error) ${stderr}`}`.replace(/\n$/u, "");
  const exits = status === 0 ? "" : `  # exits with ${status}`;
  return `$ ${step.command}${exits}${output === "" ? "" : `\n${output}`}`;
}

/** Puts what commands really do into a document, where it says something else. */
export function rewrite(document: string, done: readonly Done[]): void {
  const path = join(docs, document);
  const lines = readFileSync(path, "utf8").split("\n");
  for (const each of done.toReversed()) {
    const [from, to] = each.step.lines;
    if (!asPrinted(each)) lines.splice(from, to - from, ...transcript(each).split("\n"));
  }
  writeFileSync(path, lines.join("\n"));
}

/** Runs examples, two at a time. */
export function exampleQueue(): (example: Example) => Promise<readonly Done[]> {
  const lanes = [0, 1].map(() => ({ shell: new Shell(), busy: Promise.resolve() as Promise<unknown> }));
  let next = 0;
  return (example) => {
    const lane = lanes[next++ % lanes.length] as (typeof lanes)[number];
    const turn = lane.busy.then(() => runExample(example, lane.shell));
    lane.busy = turn.catch(() => {});
    return turn;
  };
}

/** The text between `<!-- NAME -->` and `<!-- /NAME -->` in a document. */
export function partOf(document: string, name: string): string {
  const text = readFileSync(join(docs, document), "utf8");
  const [, part] = new RegExp(`<!-- ${name} -->\n([^]*?)\n<!-- /${name} -->`, "u").exec(text) ?? [];
  if (part === undefined) throw new Error(`${document} has no part <!-- ${name} -->`);
  return part;
}

/** Writes the text between `<!-- NAME -->` and `<!-- /NAME -->`. */
export function writePart(document: string, name: string, part: string): void {
  const path = join(docs, document);
  const old = partOf(document, name);
  const mark = `<!-- ${name} -->\n`;
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(mark + old, () => mark + part),
  );
}
