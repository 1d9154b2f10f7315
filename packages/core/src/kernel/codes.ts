/**
 * The one table of error codes and exit statuses.
 *
 * Scripts branch on exit statuses, programs on codes, people read messages; so codes never change their
 * meaning once released, and a code that is not in this table does not compile.
 */

/** Exit statuses of the `lotse` command, by what a script must tell apart. */
export const exitStatuses = {
  done: 0,
  /** The command worked and found something wrong: invalid configuration, a difference, a failed rollout. */
  findings: 1,
  /** The command was called wrongly. */
  usage: 2,
  /** An input (workspace file, layer, schema) is broken, so there is no answer. */
  input: 3,
  /** Something that was named does not exist: environment, tenant, path, release. */
  notFound: 4,
  /** Someone else holds it, or it already exists and never changes: rollout lock, release version. */
  conflict: 5,
  /** This machine lacks something: a newer Node, a program, a free port, a permission. */
  machine: 6,
  /** A defect in Lotse itself. */
  bug: 70,
  /** Stopped by the user. */
  interrupted: 130,
} as const;

/** The name of an exit status, as in {@link exitStatuses}. */
export type ExitName = keyof typeof exitStatuses;

const table = {
  "usage.argument": ["usage", "an argument or option of the command is wrong"],
  "usage.unknown-strategy": ["usage", "the rollout strategy is not known"],

  "workspace.not-found": ["input", "there is no lotse.yml here or above"],
  "workspace.invalid": ["input", "lotse.yml does not fit its schema"],
  "workspace.exists": ["conflict", "there is a workspace already"],

  "file.not-found": ["input", "a file that is needed does not exist"],
  "file.too-large": ["input", "a file is larger than the limit"],
  "file.not-readable": ["input", "a file cannot be read"],
  "file.encoding": ["input", "a file is not valid UTF-8"],
  "file.outside": ["input", "a path or symbolic link leads out of the workspace"],
  "file.ambiguous": ["input", "two files claim the same place"],
  "file.unknown-format": ["input", "a file name has an ending that is not supported"],

  "parse.syntax": ["input", "a file is not well formed"],
  "parse.duplicate-key": ["input", "a map has the same key twice"],
  "parse.forbidden-key": ["input", "a key would reach into JavaScript's objects"],
  "parse.key": ["input", "a map key is not a scalar"],
  "parse.too-deep": ["input", "a file is nested too deeply"],
  "parse.alias-bomb": ["input", "a file's aliases expand to too many values"],
  "parse.unknown-alias": ["input", "an alias has no anchor"],
  "parse.unknown-tag": ["input", "a YAML tag is not known"],
  "parse.tag-misuse": ["input", "a YAML tag stands where it means nothing"],
  "parse.several-documents": ["input", "a file holds several YAML documents"],
  "parse.not-a-map": ["input", "a layer is not a map"],
  "parse.path": ["usage", "a configuration path is not well formed"],

  "layer.extends-cycle": ["input", "files extend each other in a circle"],
  "layer.equal-rank": ["input", "two layers of equal rank disagree"],
  "layer.unknown": ["notFound", "there is no layer of that name"],
  "layer.attribute": ["input", "a tenant attribute cannot be used in a path"],
  "layer.no-file": ["input", "a tenant's attribute names a layer file that does not exist"],

  "merge.kind-change": ["input", "a layer changes what kind of value stands at a path"],
  "merge.redefined": ["input", "a path that may be set once is set twice"],
  "merge.list-key": ["input", "a list merged by key has an item without the key, or twice"],
  "merge.strategy": ["input", "a merge strategy does not fit the value"],

  "lock.final": ["input", "a final value is changed"],
  "lock.not-overridable": ["input", "a layer changes a value that it may not override"],
  "lock.guard": ["input", "a value breaks the guard of its path"],
  "lock.break-glass": ["findings", "a lock is lifted by a break-glass entry"],
  "lock.break-glass-expired": ["findings", "a break-glass entry has expired"],

  "reference.syntax": ["input", "a reference is not well formed"],
  "reference.unresolved": ["input", "a reference names something that does not exist"],
  "reference.cycle": ["input", "references form a circle"],
  "reference.kind": ["input", "a map or list is put into the middle of a text"],
  "reference.too-large": ["input", "references expand to too much text"],
  "reference.denied": ["input", "a reference names something it may not read"],

  "schema.invalid": ["input", "the schema itself is broken"],
  "schema.violation": ["findings", "a value does not fit the schema"],
  "schema.plain-secret": ["findings", "a secret stands in plain text where a reference belongs"],
  "schema.coercion": ["input", "a text cannot be read as the type that the schema wants"],
  "schema.unsupported": ["input", "the schema uses something that cannot be done"],

  "config.invalid": ["input", "the configuration does not fit its schema"],
  "config.unknown-environment": ["notFound", "there is no such environment"],
  "config.unknown-tenant": ["notFound", "there is no such tenant"],
  "config.tenant-id": ["input", "a tenant id is not usable"],
  "config.unknown-path": ["notFound", "there is nothing at that path"],
  "config.no-environment": ["usage", "no environment was named"],

  "edit.unsafe": ["input", "the edit cannot be made without touching something else"],
  "edit.no-place": ["notFound", "there is no place for the value in the file"],

  "dotenv.syntax": ["input", "a .env file is not well formed"],
  "dotenv.unrepresentable": ["input", "a value cannot be written in this .env dialect"],
  "dotenv.placeholder": [
    "findings",
    "a .env file in the repository holds something other than a placeholder",
  ],
  "dotenv.missing": ["findings", "a variable of the schema is missing in a .env file"],
  "dotenv.unknown": ["findings", "a .env file has a variable that the schema does not name"],

  "git.failed": ["input", "git did not answer"],

  "release.not-found": ["notFound", "there is no such release"],
  "release.exists": ["conflict", "the version is taken by another release"],
  "release.corrupt": ["input", "a stored release is not what its id says"],
  "release.version": ["usage", "a version is not a semantic version"],
  "release.no-code": ["input", "the code directory is missing or empty"],
  "release.too-large": ["input", "the code is larger than the limit"],
  "release.no-target": ["input", "lotse.yml does not say where to deploy"],
  "release.hooks": ["input", "a hook in lotse.yml is not valid"],
  "release.ambiguous": ["usage", "a short release id fits several releases"],
  "release.signature": ["input", "a release is not signed by a key that the workspace trusts"],
  "release.artefact": ["input", "an image or artefact of a release is not what its digest says"],
  "release.migrations": ["input", "the migrations of a release cannot be read"],
  "release.commits": ["input", "the commits between two releases cannot be told"],
  "release.tag": ["conflict", "a git tag cannot be made for the release"],
  "release.damaged": ["findings", "a stored release was changed, or parts of it are missing"],

  "rollout.failed": ["findings", "a rollout failed and was undone"],
  "rollout.locked": ["conflict", "another rollout is at work on this tenant and environment"],
  "rollout.not-in-release": ["notFound", "the release has nothing for this environment or tenant"],
  "rollout.nothing-to-undo": ["notFound", "there is no earlier release to go back to"],
  "rollout.stale": ["conflict", "the plan was made for another state than the present one"],
  "rollout.state": ["input", "a deployment state file is damaged"],
  "rollout.interrupted": ["interrupted", "a rollout was stopped by the user and undone"],
  "rollout.not-found": ["notFound", "there is no such rollout"],
  "rollout.refused": ["conflict", "a rollout cannot do that in its present state"],
  "rollout.strategy": ["input", "a strategy file is not valid"],
  "rollout.irreversible": ["conflict", "a migration leaves no way back, and nobody accepted that"],
  "rollout.fence": ["conflict", "another worker has taken the rollout over"],

  "database.start": ["machine", "the embedded database does not start"],
  "database.unavailable": ["machine", "the database cannot be reached"],
  "engine.lease": ["machine", "another worker has taken over what this one was doing"],

  "target.start": ["findings", "the process did not start"],
  "target.unhealthy": ["findings", "the process did not become healthy in time"],
  "target.verify": ["findings", "the process failed after the switch"],
  "target.supervisor": ["machine", "the supervisor cannot be reached"],
  "target.spec": ["input", "the description of the target is not valid"],
  "target.port": ["machine", "the port that the target should listen on is taken"],
  "target.hook": ["findings", "a command that belongs to a rollout failed"],
  "target.gate": ["findings", "a gate refused the release, or had no data to judge by"],
  "target.host": ["machine", "a host could not be reached, or refused what it was asked"],
  "target.balancer": ["machine", "the load balancer does not do what it was told"],
  "target.lock": ["conflict", "somebody else holds the lock of a host"],
  "target.refused": ["conflict", "the target refuses a step that would harm what is running"],

  "secret.not-found": ["notFound", "there is no such secret"],
  "secret.name": ["usage", "the name of a secret is not well formed"],
  "secret.no-key": ["machine", "none of the keys at hand opens the file"],
  "secret.identity": ["input", "a private key cannot be read"],
  "secret.recipient": ["input", "a recipient is not a public key that can be encrypted to"],
  "secret.format": ["input", "a file is not a sops file that can be read"],
  "secret.value": ["input", "an encrypted value is damaged or stands in another place than it was made for"],
  "secret.mac": ["input", "a sops file was changed by something that does not know its key"],
  "secret.already-encrypted": ["conflict", "the file is encrypted already"],
  "secret.rules": ["input", ".sops.yaml is broken or has no rule for the file"],
  "secret.manifest": ["input", "a secret file or .sops.yaml is not the one that its signed manifest binds"],
  "secret.signature": ["input", "a signature is not by a key that the workspace trusts"],
  "secret.denied": ["machine", "the actor may not read or write this secret"],
  "secret.conflict": ["findings", "two branches changed the same secret"],
  "secret.editor": ["machine", "the editor failed or is not set"],
  "secret.interrupted": ["interrupted", "the user stopped while a secret was open for editing"],
  "secret.changed-meanwhile": ["conflict", "the file changed while it was being edited"],
  "secret.unrepresentable": ["input", "a value cannot be written in this format"],
  "secret.leak": ["findings", "something that looks like a secret stands in plain text"],
  "secret.baseline": ["input", "the baseline of accepted findings is broken"],
  "secret.hook": ["conflict", "the pre-commit hook that is there cannot be extended"],

  "audit.unavailable": ["machine", "the audit log cannot be written, so the operation did not happen"],
  "audit.corrupt": ["findings", "the audit log was changed after it was written"],
  "audit.not-found": ["notFound", "there is no such entry in the audit log"],
  "audit.witness": ["findings", "a witness knows another history than the log tells"],
  "audit.checkpoint": ["input", "a checkpoint is not well formed or not signed by a known key"],
  "audit.busy": ["conflict", "another process holds the audit log for too long"],

  "template.not-found": ["notFound", "there is no such template"],
  "template.error": ["input", "a template cannot be rendered"],
  "template.yaml": ["findings", "a value changes the structure of a rendered YAML file"],
  "template.handle": ["findings", "a template changes the reference of a secret, so nothing resolves it"],
  "template.secret": ["input", "a template computes with a secret, whose content is not known yet"],
  "template.differs": ["findings", "a rendered file differs from the one that is there"],

  "policy.framework": ["input", "a framework file is broken"],
  "policy.check": ["input", "a check file is broken, or there is no such check"],
  "policy.profile": ["input", "a profile is broken, or there is no such profile"],
  "policy.failed": ["findings", "a check fails for a tenant's environment"],
  "policy.gate": ["findings", "the environment's profile forbids this release"],
  "policy.report": ["input", "a report cannot be written in this form"],
  "waiver.invalid": ["input", "a waiver file is broken"],
  "waiver.expired": ["findings", "a waiver has expired"],
  "waiver.approval": ["findings", "a waiver is not approved by somebody other than its author"],
  "vulnerability.found": ["findings", "a package has a known vulnerability past its term"],
  "vulnerability.source": ["input", "vulnerability data or a lockfile cannot be read"],

  "siem.unreachable": ["machine", "a collector of security events cannot be reached"],
  "siem.certificate": ["machine", "a collector of security events does not prove who it is"],

  "machine.missing": ["machine", "a program or package is missing"],
  "machine.write": ["machine", "a file cannot be written"],
  "machine.exec": ["machine", "another program could not be run"],
  "internal.bug": ["bug", "a defect in Lotse"],
} as const satisfies Record<string, readonly [ExitName, string]>;

/** Every error code there is. */
export type ErrorCode = keyof typeof table;

/** What a code means: the exit status it leads to and its meaning in a few words. */
export interface CodeMeaning {
  readonly code: ErrorCode;
  readonly exit: number;
  readonly meaning: string;
}

/**
 * The meaning of a code.
 *
 * @param code - a code of the table
 */
export function meaningOf(code: ErrorCode): CodeMeaning {
  const [exit, meaning] = table[code];
  return { code, exit: exitStatuses[exit], meaning };
}

/** The whole table, in the order it is written, for documentation and tests. */
export function allCodes(): readonly CodeMeaning[] {
  return (Object.keys(table) as ErrorCode[]).map(meaningOf);
}
