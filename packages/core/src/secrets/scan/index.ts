export { fingerprintOf, type Finding, type Match } from "./finding.ts";
export { patternRule, type PatternRule, type Rule, type Source, type Stretch } from "./rule.ts";
export { ownRules } from "./rules.ts";
export { loadPreset, type PresetScan } from "./preset.ts";
export { isLockFile, scanText, type ScanRules } from "./scan-text.ts";
export {
  scanTargets,
  type ScanRequest,
  type ScanResult,
  type ScanTarget,
  type SkippedFile,
} from "./targets.ts";
export { isPlaceholder } from "./placeholder.ts";
export {
  indexKnownValues,
  knownIndexSchema,
  searchKnownValues,
  type KnownIndex,
  type KnownOptions,
  type KnownScan,
  type KnownValue,
} from "./known.ts";
export {
  applyBaseline,
  baselineFile,
  baselineSchema,
  emptyBaseline,
  parseBaseline,
  planBaseline,
  printBaseline,
  type AcceptedFinding,
  type Baseline,
  type BaselineEntry,
  type BaselineRequest,
  type BaselineResult,
} from "./baseline.ts";
export { toSarif, type SarifLog, type SarifRequest } from "./sarif.ts";
export {
  applyHook,
  installHook,
  planHook,
  planHookRemoval,
  preCommitConfig,
  readHook,
  removeHook,
  type HookPlan,
  type HookState,
} from "./hook.ts";
