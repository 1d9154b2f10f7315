import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";
import { cachedSource } from "./cached-source.ts";
import type { FactSource } from "./fact.ts";

const text = z.string().max(1000);

/** What a scan wrote: only what the check needs is asked for. */
const scanSchema = z.object({
  scannedAt: z.iso.datetime({ offset: true }),
  complete: z.boolean().optional().describe("whether every source that was asked answered"),
  findings: z
    .array(
      z.object({
        id: text,
        package: text,
        severity: text,
        dueAt: z.iso.datetime({ offset: true }).or(z.iso.date()).nullish(),
      }),
    )
    .max(100_000),
});

/** See {@link scanSchema}. */
export type VulnerabilityScan = z.infer<typeof scanSchema>;

/**
 * Reads the result of a scan from its JSON text.
 *
 * @throws LotseError `vulnerability.source` for what is no scan
 */
export function parseScan(content: string, file: string): VulnerabilityScan {
  let cause: unknown;
  try {
    const parsed = scanSchema.safeParse(JSON.parse(content));
    if (parsed.success) return parsed.data;
    cause = parsed.error;
  } catch (error) {
    cause = error;
  }
  throw new LotseError({
    code: "vulnerability.source",
    message: `${file} is not the result of a scan`,
    hint: "run `lotse vulnerability scan` again",
    where: { file },
    cause,
  });
}

/** Makes facts of a scan; it is of the workspace, so it holds for every scope. */
export function vulnerabilityFacts(scan: VulnerabilityScan, file: string): FactSource {
  const value = {
    scannedAt: scan.scannedAt,
    complete: scan.complete ?? true,
    findings: scan.findings.map(({ id, package: name, severity, dueAt }) => ({
      id,
      package: name,
      severity,
      ...(typeof dueAt === "string" ? { dueAt } : {}),
    })),
  };
  const statement = {
    value,
    path: "vulnerability scan",
    file,
    at: new Date(scan.scannedAt).toISOString(),
    shown: `${scan.findings.length} findings`,
  };
  return cachedSource("vulnerabilities", ["vulnerabilities.scan"], () => ({
    "vulnerabilities.scan": statement,
  }));
}
