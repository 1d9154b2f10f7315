/** The secret files of a workspace: reading them checked, changing them safely, and whose they are. */
export { changeSecret, type Changed, type NewFileRule } from "./change.ts";
export { incomingDirectoryOf, type SecretLayer } from "./layer.ts";
export { nameInFile, nameOfLeaf } from "./leaf-names.ts";
export { boundContentOf, type BoundContent, type LoadedFile } from "./loaded.ts";
export { signLayer, verifyLayer, type Verified } from "./maintain.ts";
export { rekeyLayers, type Rekeyed, type RekeyTask } from "./rekey.ts";
export { formatSecretName, nameOfReference, parseSecretName, variableOfName } from "./name.ts";
export { checkOrigin } from "./read.ts";
export { makeManifest } from "./write.ts";
export { SecretStore, textOfLeaf, type FoundSecret, type ListedSecret } from "./secret-store.ts";
