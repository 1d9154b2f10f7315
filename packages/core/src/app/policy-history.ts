import { join } from "node:path";
import { z } from "zod";
import { makeLotseDirectory, readPrivateFile, writePrivateFile } from "../kernel/index.ts";
import { statuses, type PolicyRun, type PolicySummary } from "../policy/index.ts";
import type { Session } from "./session.ts";

const count = z.int().min(0);
const counts = z.record(z.enum(statuses), count);

const history = z
  .array(
    z.strictObject({
      ok: z.boolean(),
      strict: z.boolean(),
      scopes: count,
      checks: count,
      counts,
      frameworks: z
        .array(
          z.strictObject({
            framework: z.string(),
            title: z.string(),
            checkable: count,
            evidenced: count,
            counts,
          }),
        )
        .max(1000),
      at: z.iso.datetime({ offset: true }),
    }),
  )
  .max(1000);

const path = join("policy", "history.json");
const maxBytes = 16 * 1024 * 1024;
const kept = 400;

/** The summaries of earlier runs over the whole workspace, oldest first. What cannot be read counts as none. */
export async function policyHistory({ state }: Session): Promise<readonly PolicySummary[]> {
  const content = await readPrivateFile(join(state, path), maxBytes);
  if (content === null) return [];
  try {
    return history.parse(JSON.parse(content.toString("utf8")));
  } catch {
    return [];
  }
}

/**
 * Keeps the summary of a run over the whole workspace for the trend, in `.lotse/policy/history.json`. The
 * latest run of a day stands for it.
 */
export async function recordPolicyRun(session: Session, { summary }: PolicyRun): Promise<void> {
  const day = summary.at.slice(0, 10);
  const before = (await policyHistory(session)).filter(({ at }) => at.slice(0, 10) !== day);
  await makeLotseDirectory(session.state);
  const content = `${JSON.stringify([...before, summary].slice(-kept))}\n`;
  await writePrivateFile(join(session.state, path), content, { sync: false });
}
