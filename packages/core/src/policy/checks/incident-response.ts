import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "incident.runbook_url": "https://runbooks.example.com/incident",
  "incident.contact": "incidents@example.com",
  "incident.notify_within_hours": 72,
};

/** Row 37. */
export const incidentResponse: Check = {
  id: "incident-response",
  number: 37,
  title: "There is an incident runbook and a contact who is told within 72 hours",
  severity: "high",
  why: "The clock of 72 hours runs from the moment you know; nobody looks for a template then.",
  remedy: "Write the runbook, and name who is told and how soon.",
  facts: ["incident.runbook_url", "incident.contact", "incident.notify_within_hours"],
  rule: (facts) => {
    const runbook = facts.text("incident.runbook_url");
    if (!URL.canParse(runbook)) return fail("there is no runbook");
    if (facts.text("incident.contact").trim() === "") return fail("nobody is told");
    const hours = facts.number("incident.notify_within_hours");
    return hours <= 72
      ? pass(`told within ${hours} hours`)
      : fail(`told within ${hours} hours, 72 is the most`);
  },
  examples: { pass: met, fail: { ...met, "incident.notify_within_hours": 96 } },
};
