import { createDefu } from "defu";

/** defu joins lists; this one replaces them, as Lotse and node-config do. */
export const merge = createDefu((target, key, value) => {
  if (!Array.isArray(target[key])) return false;
  void value;
  return true;
});
