/** The secret files of a workspace: reading them checked, changing them safely, and whose they are. */
export { changeSecret, type Changed, type NewFileRule } from "./change.ts";
export { Journal, type Replacement } from "./journal.ts";
export { incomingDirectoryOf, type SecretLayer } from "./layer.ts";
export { type LoadedFile, type LoadedLayer } from "./loaded.ts";
export { rekeyLayer, signLayer, verifyLayer, type Rekeyed, type Verified } from "./maintain.ts";
export {
  formatSecretName,
  nameOfReference,
  parseSecretName,
  variableOfName,
  type SecretPath,
} from "./name.ts";
export { makeManifest, type NewManifest } from "./write.ts";
export {
  SecretStore,
  textOfLeaf,
  type FoundSecret,
  type ListedSecret,
  type SecretStoreOptions,
} from "./secret-store.ts";
