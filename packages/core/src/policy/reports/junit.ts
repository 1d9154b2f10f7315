import type { CheckResult, PolicyRun } from "../model.ts";
import type { ReportOptions } from "./format.ts";
import { countStatuses } from "./order.ts";
import { placeText, printable, scopeText, statusText } from "./text.ts";

/**
 * Writes a run for the test reports of CI systems: a suite for each scope, a case for each check.
 *
 * A failed check is a failure. What could not be decided is an error in a strict run and skipped otherwise;
 * what was waived, does not apply or wants a person is skipped.
 *
 * @see https://github.com/windyroad/JUnit-Schema/blob/master/JUnit.xsd
 */
export function renderJunit(run: PolicyRun, options: ReportOptions): string {
  const scopes = new Map<string, CheckResult[]>();
  for (const result of run.results) {
    const scope = scopeText(result);
    const list = scopes.get(scope);
    if (list === undefined) scopes.set(scope, [result]);
    else list.push(result);
  }
  const suites = [...scopes].map(([scope, results], id) => suite(scope, results, id, run, options));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("")}</testsuites>\n`;
}

function suite(
  scope: string,
  results: readonly CheckResult[],
  id: number,
  { summary }: PolicyRun,
  { version }: ReportOptions,
): string {
  const counts = countStatuses(results);
  const errors = summary.strict ? counts.unknown : 0;
  const skipped = results.length - counts.pass - counts.fail - errors;
  // The schema wants a time without a zone; it is UTC.
  const timestamp = summary.at.slice(0, 19);
  return `  <testsuite id="${id}" name=${attribute(scope)} package="lotse.policy" timestamp=${attribute(timestamp)} hostname="localhost" tests="${results.length}" failures="${counts.fail}" errors="${errors}" skipped="${skipped}" time="0">
    <properties>
      <property name="lotse.version" value=${attribute(version)}/>
      <property name="lotse.strict" value="${summary.strict}"/>
    </properties>
${results.map((result) => testCase(result, summary.strict)).join("")}    <system-out/>
    <system-err/>
  </testsuite>
`;
}

function testCase(result: CheckResult, strict: boolean): string {
  const start = `    <testcase name=${attribute(`${result.check}: ${result.title}`)} classname=${attribute(`policy.${scopeText(result)}`)} time="0"`;
  const body = outcome(result, strict);
  return body === "" ? `${start}/>\n` : `${start}>\n      ${body}\n    </testcase>\n`;
}

function outcome(result: CheckResult, strict: boolean): string {
  const { status, severity, message } = result;
  switch (status) {
    case "pass":
      return "";
    case "fail":
      return problem("failure", severity, result);
    case "unknown":
      return strict ? problem("error", status, result) : skip(result);
    case "waived":
    case "manual":
    case "not-applicable":
      return skip(result);
    default:
      throw new TypeError(`no such status: ${String(status satisfies never)} (${message})`);
  }
}

function skip({ status, message, waiver }: CheckResult): string {
  const why =
    waiver === null
      ? `${statusText[status]}: ${message}`
      : `waived until ${waiver.expires} by ${waiver.approver}: ${waiver.reason}`;
  return `<skipped message=${attribute(why)}/>`;
}

function problem(element: "failure" | "error", type: string, result: CheckResult): string {
  const lines = [
    result.message,
    ...result.evidence.map((one) => `${one.path} ${placeText(one)}`.trim()),
    `Requirements: ${result.requirements.map(({ framework, id }) => `${framework} ${id}`).join(", ")}`,
    `Remedy: ${result.remedy}`,
  ];
  return `<${element} type=${attribute(type)} message=${attribute(result.message)}>${escape(lines.join("\n"))}</${element}>`;
}

function escape(text: string): string {
  return printable(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function attribute(text: string): string {
  return `"${escape(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`;
}
