/** Secrets: sops files, what binds them, how they reach programs, and how they are kept out of sight. */
export { createFirewall, type Firewall, type FirewallSecret } from "./firewall/index.ts";
export * from "./inject/index.ts";
export {
  chooseEditor,
  editPlain,
  hardenEditor,
  type EditPrompt,
  type EditResult,
} from "./edit-session/index.ts";
export * from "./manifest/index.ts";
export * from "./scan/index.ts";
export * from "./sops/index.ts";
export {
  SecretStore,
  type Changed,
  type ListedSecret,
  type Rekeyed,
  type SecretLayer,
  type Verified,
} from "./store/index.ts";
