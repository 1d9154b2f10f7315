export { createFirewall, type Firewall, type FirewallSecret } from "./firewall.ts";
export type { FirewallFilter } from "./filter.ts";
export { minimumEncodedBytes, minimumLineBytes } from "./forms.ts";
