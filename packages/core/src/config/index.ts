export {
  EnvironmentConfig,
  type ConfigShape,
  type PathOf,
  type Register,
  type ValueAt,
} from "./library/environment-config.ts";
export {
  EnvironmentConfigManager,
  EnvironmentType,
  findWorkspace,
  getEnvironmentConfig,
  type LoadOptions,
  type ManagerOptions,
} from "./library/manager.ts";
export { isScalar as isScalarNode, whereOf, type MapNode, type Node } from "./model/node.ts";
export { formatPath, nodeAt, parsePath } from "./model/path.ts";
export type { PlainValue } from "./model/plain.ts";
export { SecretReference } from "./model/secret.ts";
export { nearest, suggest } from "./model/spelling.ts";
export { TextSource } from "./model/source.ts";
export { decodeText } from "./parse/text.ts";
export { toPlain } from "./model/plain.ts";
export type { Source } from "./model/source.ts";
export { parseChecked, type Checked } from "./parse/checked.ts";
export { parseDocument, type Document } from "./parse/document.ts";
export { defaultLimits } from "./parse/limits.ts";
export { readText } from "./parse/text.ts";
export { toCanonicalJson, toJson } from "./print/json.ts";
export { parseJson } from "./print/parse-json.ts";
export { toYaml } from "./print/yaml.ts";
export { compare, type Difference } from "./provenance/difference.ts";
export {
  explain,
  explainAll,
  type Candidate,
  type Explanation,
  type LockInfo,
} from "./provenance/explain.ts";
export { whyNot } from "./provenance/why-not.ts";
export { changedSince, GitFiles, hasRevision } from "./impact/git-files.ts";
export { findImpact, findReach, type Impact } from "./impact/impact.ts";
export { invalidConfig } from "./library/environment-config.ts";
export { ConfigEngine, type EngineOptions, type ResolvedScope } from "./resolve/engine.ts";
export type { ResolveRequest, SetEntry } from "./resolve/request.ts";
export type { Snapshot } from "./resolve/snapshot.ts";
export { policyOfPath, type Policy } from "./schema/policy.ts";
export { planEdit } from "./edit/edit.ts";
export {
  checkDotenv,
  exportVariables,
  importVariables,
  parseDotenv,
  planExample,
  textOf as variableText,
  variableName,
  writeDotenv,
} from "./dotenv/index.ts";
export { generateTypes } from "./types/types.ts";
export { policyAt } from "./reference/binder.ts";
export { watchConfig, type ConfigWatch, type WatchEvent, type WatchOptions } from "./watch/watch.ts";
export { workspaceFile, type AppDefinition } from "./workspace/definition.ts";
export { workspaceFileName, type PlacedTemplate, type Workspace } from "./workspace/workspace.ts";
export { leavesOf } from "./provenance/explain.ts";
