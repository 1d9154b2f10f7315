/** The secret files of a workspace: reading them checked, changing them safely, and whose they are. */
export { changeSecret, type Changed, type NewFileRule } from "./change.ts";
export { incomingDirectoryOf, type SecretLayer } from "./layer.ts";
export type { LoadedFile } from "./loaded.ts";
export { rekeyLayer, signLayer, verifyLayer, type Rekeyed, type Verified } from "./maintain.ts";
export { formatSecretName, nameOfReference, parseSecretName, variableOfName } from "./name.ts";
export { makeManifest } from "./write.ts";
export { SecretStore, textOfLeaf, type FoundSecret, type ListedSecret } from "./secret-store.ts";
