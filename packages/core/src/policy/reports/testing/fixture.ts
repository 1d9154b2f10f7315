import { digestOf } from "../../../kernel/index.ts";
import type {
  AppliedWaiver,
  CheckResult,
  Evidence,
  FrameworkSummary,
  PolicyRun,
  PolicySummary,
  RequirementReference,
  Status,
} from "../../model.ts";
import { countStatuses } from "../order.ts";
import { requirementsOf } from "../requirements.ts";
import { scopeText } from "../text.ts";

/** When the fixture's run was judged. */
const at = "2026-11-20T06:30:00.000Z";

const titles: Readonly<Record<string, string>> = {
  gdpr: "GDPR",
  iso27001: "ISO 27001:2022",
  "pci-dss": "PCI DSS 4.0.1",
  soc2: "SOC 2",
};

interface Check {
  readonly check: string;
  readonly title: string;
  readonly severity: CheckResult["severity"];
  readonly remedy: string;
  readonly requirements: readonly (readonly [framework: string, id: string, tentative?: true])[];
  readonly path: string;
}

const checks: readonly Check[] = [
  {
    check: "tls-minimum-version",
    title: "Every endpoint speaks TLS 1.2 or newer, in production 1.3",
    severity: "high",
    remedy: 'Set tls.min_version to "1.3" in environments/production.yml',
    requirements: [
      ["soc2", "CC6.7"],
      ["gdpr", "32"],
      ["iso27001", "8.24"],
      ["pci-dss", "4.2.1"],
    ],
    path: "tls.min_version",
  },
  {
    check: "secret-in-plain-text",
    title: "No secret stands in plain text",
    severity: "critical",
    remedy: "Move the value into a secret store and refer to it: ${secret:payments/api-key}",
    requirements: [
      ["soc2", "CC6.1"],
      ["gdpr", "32"],
      ["iso27001", "5.17"],
      ["pci-dss", "8.6.2", true],
    ],
    path: "payments.api_key",
  },
  {
    check: "backups-encrypted",
    title: "Backups are encrypted",
    severity: "high",
    remedy: "Set backup.encryption.enabled",
    requirements: [
      ["soc2", "CC6.1"],
      ["gdpr", "32"],
      ["iso27001", "8.13"],
      ["pci-dss", "3.5.1"],
    ],
    path: "backup.encryption.enabled",
  },
  {
    check: "log-retention",
    title: "Logs are kept 365 days, 90 of them at hand",
    severity: "medium",
    remedy: "Set logging.retention_days to 365 or more",
    requirements: [
      ["soc2", "CC7.2"],
      ["gdpr", "5(1)(e)"],
      ["iso27001", "8.15"],
      ["pci-dss", "10.5.1"],
    ],
    path: "logging.retention_days",
  },
  {
    check: "restore-drill",
    title: "A restore drill within 90 days met RTO and RPO",
    severity: "medium",
    remedy: "Run lotse restore drill, and record its result",
    requirements: [
      ["soc2", "A1.3"],
      ["gdpr", "32(1)(d)"],
      ["iso27001", "5.30"],
    ],
    path: "drills.restore",
  },
  {
    check: "debug-off",
    title: "Debug is off in production",
    severity: "low",
    remedy: "Set service.debug to false",
    requirements: [
      ["soc2", "CC8.1"],
      ["gdpr", "25(2)"],
      ["iso27001", "8.9"],
    ],
    path: "service.debug",
  },
  {
    check: "access-review",
    title: "Access is reviewed within 6 months",
    severity: "medium",
    remedy: "Review the roles, and record who did it and when in access/reviews.yml",
    requirements: [
      ["soc2", "CC6.2"],
      ["gdpr", "32(1)(d)"],
      ["iso27001", "5.18"],
      ["pci-dss", "7.2.4"],
    ],
    path: "access.reviewed_at",
  },
];

const scopes = [
  { environment: "production", tenant: "nordlicht-records", pci: true },
  { environment: "production", tenant: "waldbühne", pci: false },
  { environment: "production", tenant: "indie-collective", pci: false },
  { environment: "staging", tenant: "nordlicht-records", pci: true },
  { environment: "staging", tenant: null, pci: false },
] as const;

/** How each scope does on each check, in the order of the tables above: p f u w m n. */
const verdicts: readonly string[] = ["pfppppp", "ppppppm", "ppwpppp", "ppfpnfp", "pppunnu"];

const letters: Readonly<Record<string, Status>> = {
  p: "pass",
  f: "fail",
  u: "unknown",
  w: "waived",
  m: "manual",
  n: "not-applicable",
};

const messages: Readonly<Record<Status, string>> = {
  pass: "the value is as the check wants it",
  fail: "the value is not what the check wants",
  unknown: "the fact is missing",
  waived: "the value is not what the check wants",
  manual: "a person has to look at this",
  "not-applicable": "there is nothing here that the check is about",
};

function resultOf(check: Check, scope: (typeof scopes)[number], status: Status): CheckResult {
  const { environment, tenant } = scope;
  return {
    check: check.check,
    title: check.title,
    requirements: check.requirements
      .filter(([framework]) => framework !== "pci-dss" || scope.pci)
      .map(([framework, id, tentative]): RequirementReference => ({
        framework,
        id,
        ...(tentative === undefined ? {} : { tentative }),
      })),
    environment,
    tenant,
    status,
    severity: check.severity,
    message: messages[status],
    evidence: status === "unknown" || status === "manual" ? [] : evidenceOf(check, environment, tenant),
    remedy: check.remedy,
    waiver: status === "waived" ? waiver : null,
  };
}

const waiver: AppliedWaiver = {
  id: "backup-migration",
  file: "policy/waivers/backup-migration.yml",
  owner: "platform@example.com",
  reason: "the new backup service is rolled out by the end of the year",
  approver: "ciso@example.com",
  expires: "2026-12-31",
};

function evidenceOf(check: Check, environment: string, tenant: string | null): readonly Evidence[] {
  const { path } = check;
  const shared = check.check === "tls-minimum-version";
  const file =
    shared || tenant === null ? `environments/${environment}.yml` : `tenants/${tenant}/${environment}.yml`;
  return [
    {
      fact: path,
      path,
      valueHash: digestOf(`${path} ${shared ? "" : scopeText({ environment, tenant })}`),
      ...(path === "payments.api_key" ? {} : { shown: shared ? "1.3" : "false" }),
      layer: shared || tenant === null ? "environment" : "tenant",
      file,
      line: 4 + path.length,
      snapshot: digestOf(scopeText({ environment, tenant })),
      at,
    },
  ];
}

/** A run of seven checks over five scopes, with every status and a customer under PCI DSS. */
export function fixtureRun(): PolicyRun {
  const results = scopes.flatMap((scope, row) =>
    checks.map((check, column) => resultOf(check, scope, letters[verdicts[row]?.[column] ?? ""] ?? "pass")),
  );
  return runOf(results);
}

/** A run with these results, and the summary that belongs to them. */
export function runOf(results: readonly CheckResult[], when = at): PolicyRun {
  const counts = countStatuses(results);
  return {
    summary: {
      ok: counts.fail === 0,
      strict: false,
      scopes: new Set(results.map(scopeText)).size,
      checks: new Set(results.map(({ check }) => check)).size,
      counts,
      frameworks: frameworksOf(results),
      at: when,
    },
    results,
  };
}

function frameworksOf(results: readonly CheckResult[]): readonly FrameworkSummary[] {
  const requirements = requirementsOf(results);
  const names = [...new Set(requirements.map(({ requirement }) => requirement.framework))].sort();
  return names.map((framework) => {
    const own = requirements.filter(({ requirement }) => requirement.framework === framework);
    return {
      framework,
      title: titles[framework] ?? framework,
      checkable: own.length,
      evidenced: own.filter(({ evidenced }) => evidenced).length,
      counts: countStatuses(
        results.filter((result) => result.requirements.some((one) => one.framework === framework)),
      ),
    };
  });
}

/** A run of that many tenants with long names under five frameworks, with every status among its results. */
export function largeRun(tenants: number): PolicyRun {
  const base = fixtureRun().results.filter(
    ({ tenant, environment }) => tenant === "nordlicht-records" && environment === "production",
  );
  const statuses = Object.values(letters);
  const results = Array.from({ length: tenants }, (_, row) =>
    base.map((result, column): CheckResult => {
      const status = statuses[(row * 7 + column * (row % 11)) % statuses.length] ?? "pass";
      return {
        ...result,
        tenant: `a-customer-with-a-rather-long-name-${row}`,
        status,
        waiver: status === "waived" ? waiver : null,
        requirements: [...result.requirements, { framework: "hipaa", id: "164.308(a)(7)(ii)(D)" }],
      };
    }),
  ).flat();
  return runOf(results);
}

/** Summaries of four earlier runs, for the trend. */
export function fixtureTrend(): readonly PolicySummary[] {
  const { summary } = fixtureRun();
  return [
    ["2026-07-20", 4],
    ["2026-08-20", 3],
    ["2026-09-21", 2],
    ["2026-10-20", 1],
  ].map(([day, behind]) => ({
    ...summary,
    at: `${day}T06:30:00.000Z`,
    counts: { ...summary.counts, fail: summary.counts.fail + 2 * Number(behind) },
    frameworks: summary.frameworks.map((one, index) => ({
      ...one,
      evidenced: Math.max(0, one.evidenced - Math.floor((Number(behind) * (index + 1)) / 3)),
    })),
  }));
}

/** Texts that want to be markup, a formula, a path or the end of something, as names and values. */
export const hostile: readonly string[] = [
  "</script><script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "javascript:alert(1)",
  "]]><x/>",
  "a|b`c`*d*[e](javascript:alert(1))<b>",
  "line\nbreak\u0000\u0007\u001b[31m",
  "\u202Egnp.exe",
  "&lt;b&gt; &amp;amp;",
  "${secret:x} {{7*7}} %s",
  "half a pair \uD800 here",
];

/** A run in which every text that comes from outside is the given one. */
export function hostileRun(text: string): PolicyRun {
  const [first] = fixtureRun().results;
  if (first === undefined) throw new TypeError("the fixture has no results");
  const result = (status: Status): CheckResult => ({
    ...first,
    check: text,
    title: text,
    environment: text,
    tenant: text,
    status,
    message: text,
    remedy: text,
    requirements: [{ framework: text, id: text }],
    evidence: [
      {
        fact: text,
        path: text,
        shown: text,
        layer: text,
        file: text,
        line: 1,
        snapshot: text,
        source: text,
        at,
      },
    ],
    waiver:
      status === "waived"
        ? { id: text, file: text, owner: text, reason: text, approver: text, expires: "2026-12-31" }
        : null,
  });
  const run = runOf([result("fail"), result("waived"), result("pass"), result("unknown")]);
  const frameworks = run.summary.frameworks.map((one) => ({ ...one, title: text }));
  return { ...run, summary: { ...run.summary, frameworks } };
}
