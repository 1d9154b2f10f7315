/**
 * What a command does to a workspace, for the audit log: `read` is recorded here, before the command runs;
 * `own` commands record what they do themselves, since only they know whether they change something; `none`
 * touches no workspace.
 */
export type CommandAccess =
  | { readonly kind: "read"; readonly action: string }
  | { readonly kind: "own" }
  /** As `own` inside a workspace; elsewhere there is no log. */
  | { readonly kind: "file" }
  | { readonly kind: "none"; readonly why: string };

const read = (action: string): CommandAccess => ({ kind: "read", action });
const own: CommandAccess = { kind: "own" };
const file: CommandAccess = { kind: "file" };
const none = (why: string): CommandAccess => ({ kind: "none", why });

/** Every command there is; one that is not listed does not run. */
export const accesses: Readonly<Record<string, CommandAccess>> = {
  init: none("there is no workspace yet"),
  doctor: none("it looks at the machine only"),
  completion: none("it prints a script"),
  complete: none("it names commands and scopes to the shell on every key press, never values"),
  "config get": read("config.read"),
  "config explain": read("config.explain"),
  "config why-not": read("config.explain"),
  "config diff": read("config.diff"),
  "config validate": read("config.validate"),
  "config impact": read("config.impact"),
  "config set": own,
  "config types": read("config.types"),
  "config watch": read("config.watch"),
  "config env export": read("config.export"),
  "config env import": read("config.import"),
  "config env check": read("config.check"),
  "config env example": own,
  // The files it writes are recorded one by one besides.
  "template render": read("template.render"),
  "release create": own,
  "release show": read("release.read"),
  "release list": read("release.list"),
  "release verify": read("release.verify"),
  "release sign": own,
  "release diff": read("release.diff"),
  "release notes": read("release.notes"),
  "release prune": own,
  deploy: own,
  rollback: own,
  status: read("rollout.status"),
  approve: own,
  pause: own,
  resume: own,
  abort: own,
  retry: own,
  worker: own,
  stop: own,
  exec: own,
  "secrets init": own,
  "secrets get": own,
  "secrets set": own,
  "secrets remove": own,
  "secrets list": own,
  "secrets edit": own,
  "secrets exec": own,
  "secrets export": own,
  "secrets encrypt": file,
  "secrets decrypt": file,
  "secrets rekey": own,
  "secrets add-recipient": own,
  "secrets remove-recipient": own,
  "secrets verify": own,
  "secrets sign": own,
  "secrets signer": none("it prints a public key of the user's own"),
  "secrets scan": file,
  "secrets diff": file,
  "secrets merge": file,
  "secrets git-setup": own,
  "audit log": own,
  "audit show": own,
  "audit prove": own,
  "audit export": own,
  "audit anchor": own,
  "audit erase": own,
  "audit retention": own,
  "audit restart": own,
  "audit verify": none("a damaged log takes no entry and must not be changed by looking at it"),
  "policy check": read("policy.check"),
  "policy diff": read("policy.diff"),
  "policy explain": read("policy.explain"),
  "policy report": read("policy.report"),
  "policy export": read("policy.export"),
  "waivers lint": read("waiver.lint"),
  "waivers list": read("waiver.list"),
  "waivers expiring": read("waiver.list"),
  "vulnerability scan": read("vulnerability.scan"),
};
