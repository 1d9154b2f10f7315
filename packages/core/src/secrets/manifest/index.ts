/** Detached, signed manifests: they bind a secret file to its path, scope, version and structure. */
export { checkManifest, type Binding, type ManifestCheck, type Seen, type TrustedSigner } from "./check.ts";
export {
  isIntact,
  manifestDigest,
  manifestPathOf,
  parseManifest,
  printManifest,
  signManifest,
  type Manifest,
  type ManifestBody,
  type ValueRecord,
} from "./manifest.ts";
export {
  checkRulesRecord,
  maySignRules,
  parseRulesRecord,
  refuseRules,
  rulesRecordDigest,
  signRules,
  type RulesCheck,
  type RulesRecord,
} from "./rules-record.ts";
export { isSignedBy, newSigningKey, readSigningKey, type SigningKey } from "./signing-key.ts";
export { structureDigest, type StructureLeaf } from "./structure.ts";
