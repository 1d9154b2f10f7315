/** Use cases of secrets. */
export { removeSecret, rekeyFile, setSecret, signFile } from "./change.ts";
export { allSecretLayers, scopeOf, secretLayerOfFile, secretLayersOf } from "./layers.ts";
export { listSecrets, openReference, openSecret, type OpenedSecret } from "./read.ts";
export {
  addRecipient,
  existingLayers,
  rekeyFiles,
  removeRecipient,
  type RecipientChange,
  type RotationItem,
} from "./recipients.ts";
export { creationRuleOf, rulesFile } from "./rules.ts";
export { signingKeyOf } from "./signing-key.ts";
export { openAllSecrets, openVariables, planVariables, secretVariables } from "./variables.ts";
