export { formatCef } from "./cef.ts";
export {
  formatJsonLine,
  toSiemEvents,
  type LoggedEvent,
  type SiemAuditEvent,
  type SiemEvent,
  type SiemInput,
  type SiemPolicyEvent,
  type SiemSeverity,
} from "./event.ts";
export { formatSyslog, type SyslogOptions } from "./syslog.ts";
export { frameOf, sendSyslogTls, type SyslogTarget } from "./syslog-tls.ts";
