const levels = ["debug", "info", "warn", "error"];

/**
 * Writes one JSON object a line.
 *
 * @param {object} options
 * @param {string} [options.level] least severe level that is written; "info" where it is unknown
 * @param {Record<string, unknown>} [options.fields] added to every line
 * @param {(line: string) => void} [options.write] where lines go; standard output by default
 * @param {() => Date} [options.now] clock
 * @returns {(level: string, message: string, fields?: Record<string, unknown>) => void}
 */
export function createLog({ level = "info", fields = {}, write = toStandardOutput, now = () => new Date() }) {
  const known = levels.indexOf(level);
  const least = known < 0 ? levels.indexOf("info") : known;
  return (severity, message, more = {}) => {
    if (levels.indexOf(severity) < least) return;
    write(JSON.stringify({ time: now().toISOString(), level: severity, message, ...fields, ...more }));
  };
}

/** @param {string} line */
function toStandardOutput(line) {
  process.stdout.write(`${line}\n`);
}
