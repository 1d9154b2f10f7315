import type { CheckSeverity } from "../model.ts";
import { cvss3Score } from "./cvss.ts";
import type { Advisory, Affected } from "./osv.ts";

/** How many days there are to fix a finding. */
export type Terms = Readonly<Record<CheckSeverity, number>>;

/** What holds where nothing else is said: days from publication. */
export const defaultTerms: Terms = { critical: 7, high: 30, medium: 90, low: 180 };

/** A severity with the score that it comes from, where there is one. */
export interface Rating {
  readonly severity: CheckSeverity;
  /** The CVSS base score, from 0 to 10. */
  readonly score?: number;
}

/**
 * How bad an advisory is for a package: the highest CVSS 3 score, or else the word of its database. What is
 * rated by nobody counts as high, since nobody said that it can wait.
 */
export function ratingOf(advisory: Advisory, affected: Affected): Rating {
  const vectors = affected.severity ?? advisory.severity ?? [];
  const scores = vectors.flatMap(({ score }) => cvss3Score(score) ?? []);
  if (scores.length > 0) {
    const score = Math.max(...scores);
    return { severity: severityOfScore(score), score };
  }
  const words = [affected.ecosystem_specific, affected.database_specific, advisory.database_specific];
  const word = words.map((one) => severityOfWord(one?.severity)).find((one) => one !== undefined);
  return { severity: word ?? "high" };
}

/** @see https://www.first.org/cvss/v3.1/specification-document#Qualitative-Severity-Rating-Scale */
export function severityOfScore(score: number): CheckSeverity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  return score >= 4 ? "medium" : "low";
}

/** The severity that a database's word means; `undefined` for a word that is not known. */
export function severityOfWord(word: unknown): CheckSeverity | undefined {
  if (typeof word !== "string") return undefined;
  switch (word.toLowerCase()) {
    case "critical":
      return "critical";
    case "high":
    case "important":
      return "high";
    case "moderate":
    case "medium":
      return "medium";
    case "low":
    case "info":
    case "negligible":
    case "unimportant":
      return "low";
    default:
      return undefined;
  }
}

const dayMs = 86_400_000;

/** When the term ends. @param from - ISO 8601 */
export function dueAt(from: string, severity: CheckSeverity, terms: Terms): string {
  return new Date(Date.parse(from) + terms[severity] * dayMs).toISOString();
}
