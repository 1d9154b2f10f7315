// Keeps the compiled code of the command in its user's cache: it starts faster. Where that cannot be, or where
// somebody else could write there and so decide what runs, it starts without.
// See https://nodejs.org/api/module.html#module-compile-cache
import { mkdirSync, statSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { isAbsolute, join } from "node:path";

const { HOME, XDG_CACHE_HOME } = process.env;
const [base, ...below] = XDG_CACHE_HOME ? [XDG_CACHE_HOME] : [HOME ?? "", ".cache"];

/** @throws Error where others than this user can write to it */
function enter(path) {
  const { uid, mode } = statSync(path);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error(`${path} is not ours alone`);
  return path;
}

function made(parent, name) {
  const path = join(parent, name);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  return enter(path);
}

try {
  // Nothing is made in a directory that belongs to somebody else, such as the home that `sudo -E` leaves to root.
  if (isAbsolute(base)) enableCompileCache([...below, "lotse", "compiled"].reduce(made, enter(base)));
} catch {
  // Such as a home that cannot be written.
}
