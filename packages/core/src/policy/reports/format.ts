import type { PolicySummary } from "../model.ts";

/** The forms in which a report is written. */
export const reportFormats = ["json", "sarif", "oscal", "junit", "markdown", "html"] as const;

/** See {@link reportFormats}. */
export type ReportFormat = (typeof reportFormats)[number];

/** What a report is made with besides the run itself. */
export interface ReportOptions {
  /** The version of Lotse, as the report names it. */
  readonly version: string;
  /** @defaultValue "Policy report" */
  readonly title?: string | undefined;
  /** Summaries of earlier runs, in any order, for the trend. @defaultValue none */
  readonly previous?: readonly PolicySummary[] | undefined;
  /** Whether results that a waiver accepts are in the report. @defaultValue true */
  readonly includeSuppressed?: boolean | undefined;
}

/** The file name ending that a form usually has, without the dot. */
export function endingOf(format: ReportFormat): string {
  switch (format) {
    case "json":
      return "json";
    case "sarif":
      return "sarif";
    case "oscal":
      return "oscal.json";
    case "junit":
      return "xml";
    case "markdown":
      return "md";
    case "html":
      return "html";
    default:
      return format satisfies never;
  }
}
