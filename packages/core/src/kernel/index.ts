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
export { systemExec, type Exec, type ExecOptions, type ExecResult } from "./exec.ts";
