export { createFirewall, type Firewall, type FirewallSecret } from "./firewall.ts";
