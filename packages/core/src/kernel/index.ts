export {
  allCodes,
  exitStatuses,
  meaningOf,
  type CodeMeaning,
  type ErrorCode,
  type ExitName,
} from "./codes.ts";
export {
  formatWhere,
  isLotseError,
  isSystemError,
  LotseError,
  type ErrorParts,
  type Where,
} from "./error.ts";
export { diagnosticOf, errorOf, type Diagnostic, type Severity } from "./diagnostic.ts";
export { Sensitive } from "./sensitive.ts";
export { formatScope, type Actor, type Scope } from "./scope.ts";
export { DirectoryFiles, outsideError, staysInside, type Files } from "./files.ts";
export { systemClock, type Clock } from "./clock.ts";
export { quoteShell } from "./quote-shell.ts";
export { splitCommand } from "./split-command.ts";
export { disableCoreDumps } from "./core-dumps.ts";
export { systemExec, type Exec, type ExecOptions, type ExecResult } from "./exec.ts";
export { canonicalJson, digestOf } from "./canonical.ts";
export {
  makeLotseDirectory,
  makePrivateDirectory,
  readPrivateFile,
  removeTree,
  replaceFile,
  syncDirectory,
  writePrivateFile,
  type WriteOptions,
} from "./private-files.ts";
export {
  isHeld,
  lockedBy,
  lockWithin,
  tryLock,
  type HeldLock,
  type LockOwner,
  type LockRequest,
} from "./lock.ts";
export { packageDirectory } from "./package-directory.ts";
export { identify, isRunning, processIdentitySchema, type ProcessIdentity } from "./process-identity.ts";
export {
  auditedChange,
  noAudit,
  type AppendOptions,
  type AuditEvent,
  type AuditOutcome,
  type AuditReceipt,
  type AuditSink,
  type Durability,
} from "./audit-sink.ts";
