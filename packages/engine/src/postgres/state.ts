import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { processIdentitySchema, readPrivateFile, Sensitive, writePrivateFile } from "@lotse/core/kernel";
import { z } from "zod";
import type { ServerLayout } from "./layout.ts";

const stateSchema = z.strictObject({
  port: z.int().min(1).max(65_535),
  /** The server's process; null before its first start. */
  process: processIdentitySchema.nullable(),
});

/** What is remembered of the server that was started last. */
export type ServerState = z.infer<typeof stateSchema>;

/** The remembered state; null when there is none, or a crash left it unreadable. */
export async function readState(layout: ServerLayout): Promise<ServerState | null> {
  const content = await readPrivateFile(layout.state, 65_536);
  try {
    return content === null ? null : stateSchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    return null;
  }
}

/** Remembers a state. */
export async function writeState(layout: ServerLayout, state: ServerState): Promise<void> {
  await writePrivateFile(layout.state, `${JSON.stringify(state)}\n`);
}

/** The password of the server's role; null before its first use. */
export async function keptPassword(layout: ServerLayout): Promise<Sensitive<string> | null> {
  const kept = await readPrivateFile(layout.password, 1024);
  return kept === null || kept.length === 0 ? null : new Sensitive(kept.toString("utf8").trim());
}

/** The password of the server's role, made at first use. Whoever calls holds the lock. */
export async function passwordOf(layout: ServerLayout): Promise<Sensitive<string>> {
  const kept = await keptPassword(layout);
  if (kept !== null) return kept;
  const made = randomBytes(24).toString("base64url");
  await writePrivateFile(layout.password, `${made}\n`);
  return new Sensitive(made);
}

/** A port of the loopback address that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Whether a port of the loopback address can be listened on. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
