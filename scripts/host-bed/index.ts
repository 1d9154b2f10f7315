/** A test bed of real hosts with systemd, sshd and HAProxy; see docs/hosts.md. */
export { startHostBed, type HostBed } from "./bed.ts";
export { bedTrouble } from "./trouble.ts";
