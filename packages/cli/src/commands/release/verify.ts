import type { Command } from "commander";
import { signStoredRelease, verifyReleases } from "@lotse/core/app";
import type { PrintedReleaseSign, PrintedReleaseVerify } from "@lotse/core/contract";
import { exitStatuses } from "@lotse/core/kernel";
import type { VerifiedRelease } from "@lotse/core/release";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { printResult } from "../../output/result.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { signatureText } from "./release-text.ts";

/** `lotse release verify [RELEASE]` */
export function addVerify(parent: Command, context: Context): void {
  leaf(parent, "verify", "check every byte, the seal and the signature of releases")
    .argument("[release]", "id, its first six or more digits, or version; all if left out")
    .addHelpText("after", "\nThe exit status is 1 when anything is wrong.")
    .action(async (reference: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const found = await verifyReleases(sessionOf(context, options), reference);
      const ok = found.every((each) => each.ok);
      printResult(context, options.output ?? "table", {
        value: { ok, releases: found.map(printed) } satisfies PrintedReleaseVerify,
        table: (colours) =>
          found.length === 0
            ? "no release yet: lotse release create\n"
            : found.map((each) => verifiedText(each, colours)).join(""),
      });
      if (!ok) throw new ExitWith(exitStatuses.findings);
    });
}

function printed({
  id,
  release,
  ok,
  checked,
  signature,
  problems,
}: VerifiedRelease): PrintedReleaseVerify["releases"][number] {
  return {
    id,
    version: release?.version ?? null,
    ok,
    checked,
    signature:
      signature === null
        ? null
        : { ...signature, keys: [...signature.keys], signers: [...signature.signers] },
    problems: [...problems],
  };
}

function verifiedText(
  { id, release, ok, checked, signature, problems }: VerifiedRelease,
  colours: Context["stdoutColours"],
): string {
  const name = `${release?.version ?? "?"} ${id.slice(0, 12)}`;
  const signed = signature === null ? "" : `, signed ${signatureText(signature)}`;
  const head = `${ok ? colours.green("good") : colours.red("BAD ")} ${name}: ${checked} objects${signed}\n`;
  return head + problems.map((problem) => `     ${problem}\n`).join("");
}

/** `lotse release sign RELEASE` */
export function addSign(parent: Command, context: Context): void {
  leaf(parent, "sign", "sign a release that is there with your key, after checking every byte of it")
    .argument("<release>", "id, its first six or more digits, or version")
    .action(async (reference: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const { release, key } = await signStoredRelease(sessionOf(context, options), reference);
      printResult(context, options.output ?? "table", {
        value: { id: release.id, version: release.version, key } satisfies PrintedReleaseSign,
        table: () => `signed release ${release.version} ${release.id.slice(0, 12)} with ${key}\n`,
      });
    });
}
