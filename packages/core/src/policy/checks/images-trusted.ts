import type { Check } from "./check.ts";
import { listed } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "images.pinned_by_digest": true, "images.signature_required": true };

/** Row 26. */
export const imagesTrusted: Check = {
  id: "images-trusted",
  number: 26,
  title: "Images are pinned by digest and signed",
  severity: "high",
  why: "A tag means something else tomorrow, and an unsigned image may be anybody's.",
  remedy: "Name images as NAME@sha256:… and refuse unsigned ones.",
  facts: ["images.pinned_by_digest", "images.signature_required"],
  optional: ["images.rendered"],
  rule: (facts) => {
    if (!facts.flag("images.pinned_by_digest")) return fail("images are named by tag");
    if (!facts.flag("images.signature_required")) return fail("unsigned images may start");
    const rendered = facts.has("images.rendered") ? facts.list("images.rendered") : [];
    const loose = rendered.flatMap((image, index) =>
      typeof image === "string" && !/@sha256:[0-9a-f]{64}$/u.test(image) ? [{ image, index }] : [],
    );
    return loose.length === 0
      ? pass("pinned and signed")
      : fail(
          `rendered files name images without a digest: ${listed([...new Set(loose.map(({ image }) => image))])}`,
          loose.map(({ index }) => ({ fact: "images.rendered", path: [String(index)] })),
        );
  },
  examples: { pass: met, fail: { ...met, "images.signature_required": false } },
};
