export type {
  PlainScalar,
  SopsDocument,
  SopsFormat,
  SopsLeaf,
  SopsMetadata,
  SopsPath,
  TypedScalar,
  ValueType,
} from "./model.ts";
export { changeSops, replacePlain, type SopsChange } from "./change.ts";
export {
  creationRuleFor,
  parseCreationRules,
  type CreationRule,
  type CreationRules,
} from "./creation-rules.ts";
export { editCreationRules, type RecipientEdit } from "./creation-rules-edit.ts";
export { decryptSops } from "./decrypt.ts";
export {
  diffSops,
  type DiffRequest,
  type SopsComparison,
  type SopsDifference,
  type SopsDifferenceKind,
} from "./diff.ts";
export { encryptSops, type EncryptRequest } from "./encrypt.ts";
export { formatOfFile } from "./format.ts";
export { inspectSops, isSopsFile, type InspectedValue, type SopsInspection } from "./inspect.ts";
export {
  ageOpener,
  ageWrapper,
  checkAgeRecipient,
  isSameRecipient,
  normalRecipient,
  sshOpener,
} from "./keys/age.ts";
export { identitiesFromEnvironment, parseIdentities } from "./keys/identities.ts";
export { pgpOpener } from "./keys/pgp.ts";
export type { KeyOpener, KeyWrapper } from "./keys/port.ts";
export { recipientsOf, type RecipientSet } from "./keys/recipients.ts";
export { defaultLimits, type SopsLimits } from "./limits.ts";
export { entriesOf, type KeyEntry, type KeyGroup } from "./metadata.ts";
export { mergeSops, type MergeRequest, type MergeResult } from "./merge.ts";
export { openSops, type OpenRequest } from "./open.ts";
export { textOfValue } from "./plain.ts";
export { rotateDataKey, updateKeys, type RekeyRequest } from "./rekey.ts";
export type { RuleSet } from "./rules.ts";
export type { SealTools } from "./seal.ts";
export { formatSopsPath } from "./source-text.ts";
