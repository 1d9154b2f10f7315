type Metric = Readonly<Record<string, number>>;

const weights = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
} as const satisfies Record<string, Metric>;

const privileges = {
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
} as const satisfies Record<string, Metric>;

/**
 * The base score of a CVSS 3.0 or 3.1 vector, from 0 to 10.
 *
 * @returns `undefined` for another version, or a vector without all base metrics
 * @see https://www.first.org/cvss/v3.1/specification-document#7-1-Base-Metrics-Equations
 */
export function cvss3Score(vector: string): number | undefined {
  const [version, ...parts] = vector.split("/");
  if (version !== "CVSS:3.0" && version !== "CVSS:3.1") return undefined;
  const metrics = new Map(parts.map((part) => part.split(":", 2) as [string, string]));
  const scope = metrics.get("S");
  if (scope !== "U" && scope !== "C") return undefined;
  const value = (name: keyof typeof weights): number => lookUp(weights[name], metrics.get(name));
  const impactBase = 1 - (1 - value("C")) * (1 - value("I")) * (1 - value("A"));
  const impact =
    scope === "U" ? 6.42 * impactBase : 7.52 * (impactBase - 0.029) - 3.25 * (impactBase - 0.02) ** 15;
  const exploitability =
    8.22 * value("AV") * value("AC") * lookUp(privileges[scope], metrics.get("PR")) * value("UI");
  if (Number.isNaN(impact) || Number.isNaN(exploitability)) return undefined;
  if (impact <= 0) return 0;
  return roundUp(Math.min((scope === "U" ? 1 : 1.08) * (impact + exploitability), 10));
}

function lookUp(metric: Metric, value: string | undefined): number {
  return value !== undefined && Object.hasOwn(metric, value) ? (metric[value] ?? Number.NaN) : Number.NaN;
}

/** To one decimal, upwards, in whole numbers, as appendix A of the specification has it. */
function roundUp(score: number): number {
  const whole = Math.round(score * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}
