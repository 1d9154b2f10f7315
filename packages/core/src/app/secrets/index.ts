/** Use cases of secrets. */
export { compareFiles, describeFile } from "./describe.ts";
export { editSecrets, keepEdited, type Edited } from "./edit.ts";
export {
  execWithSecrets,
  exportForms,
  exportVariablesAs,
  variablesFor,
  type Exported,
  type ExportForm,
} from "./inject.ts";
export { indexAll, rememberKnown } from "./known.ts";
export { decryptFile, encryptFile, type FileTools } from "./plain-files.ts";
export { acceptFindings, scanForSecrets, type ScanOptions, type ScanReport } from "./scan.ts";
export { removeSecret, setSecret, signFile } from "./change.ts";
export { allSecretLayers, scopeOf, secretLayerOfFile, secretLayersOf } from "./layers.ts";
export { listSecrets, openReference, openSecret, type OpenedSecret } from "./read.ts";
export {
  addRecipient,
  existingLayers,
  rekeyFiles,
  removeRecipient,
  type RecipientChange,
} from "./recipients.ts";
export type { RotationItem } from "./rotation.ts";
export { changeCreationRules, type RulesOutcome } from "./rules-change.ts";
export { setUpSecrets, type SecretsSetUp } from "./init.ts";
export { isManifest, mergeFiles, mergeManifests, mergeSecretFile, type MergeInput } from "./git-merge.ts";
export type { Merged } from "./kept-merge.ts";
export { setUpGit } from "./git-setup.ts";
export { creationRuleOf, rulesFile } from "./rules.ts";
export { rulesRecordFile } from "./rules-record.ts";
export { signingKeyOf } from "./signing-key.ts";
export { acceptVersions, verifySecrets, type SecretsReport } from "./verify.ts";
export { openAllSecrets, openVariables, planVariables } from "./variables.ts";
export { getSecret, SecretReader, type SecretReaderOptions } from "./library.ts";
