import type { Budget } from "../limits.ts";
import { escapeText } from "../values/markup.ts";

/** How {@link urlize} writes its links. */
export interface LinkRules {
  /** Characters of the shown address. */
  readonly trimLimit: number | undefined;
  readonly rel: string;
  readonly target: string;
  /** Schemes beyond http, https and mailto, with their colon. */
  readonly extraSchemes: readonly string[];
}

/** The forms of a web address: with a scheme or `www.`, a bare name in a common domain, or an IP address. */
const webHosts = [
  String.raw`(?:https?:\/\/|www\.)(?:[\w%-]+\.)*(?:[a-z]{2,63}|xn--[\w%]{2,59})`,
  String.raw`(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)`,
  String.raw`https?:\/\/(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\])`,
];
const webAddress = new RegExp(String.raw`^(?:${webHosts.join("|")})(?::\d{1,5})?(?:[/?#]\S*)?$`, "i");
const emailAddress = /^\S+@\w[\w.-]*\.\w+$/;

/** Turns web and e-mail addresses in escaped text into links. */
export function urlize(text: string, rules: LinkRules, budget: Budget): string {
  const attributes =
    (rules.rel === "" ? "" : ` rel="${escapeText(rules.rel)}"`) +
    (rules.target === "" ? "" : ` target="${escapeText(rules.target)}"`);
  const shown = (address: string): string =>
    rules.trimLimit !== undefined && address.length > rules.trimLimit
      ? `${address.slice(0, rules.trimLimit)}...`
      : address;
  const perWord = 8 + rules.extraSchemes.length / 2;
  return text
    .split(/(\s+)/u)
    .map((word) => {
      budget.charge(perWord);
      return linkWord(word, rules, attributes, shown);
    })
    .join("");
}

function linkWord(
  word: string,
  rules: LinkRules,
  attributes: string,
  shown: (address: string) => string,
): string {
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? "";
  let middle = word.slice(head.length);
  let tail = "";
  if (/[)>.,\n]$|&gt;$/.test(middle)) {
    tail = /(?:[)>.,\n]|&gt;)+$/.exec(middle)?.[0] ?? "";
    middle = middle.slice(0, middle.length - tail.length);
  }
  // A closing bracket belongs to the address when its partner does.
  for (const [open, close] of [
    ["(", ")"],
    ["<", ">"],
    ["&lt;", "&gt;"],
  ] as const) {
    const opened = middle.split(open).length - 1;
    let missing = opened - (middle.split(close).length - 1);
    while (missing > 0 && tail.includes(close)) {
      const end = tail.indexOf(close) + close.length;
      middle += tail.slice(0, end);
      tail = tail.slice(end);
      missing -= 1;
    }
  }
  return head + linkAddress(middle, rules, attributes, shown) + tail;
}

function linkAddress(
  address: string,
  rules: LinkRules,
  attributes: string,
  shown: (address: string) => string,
): string {
  const link = (target: string, label: string, extra = attributes): string =>
    `<a href="${target}"${extra}>${label}</a>`;
  if (webAddress.test(address)) {
    const target = /^https?:\/\//i.test(address) ? address : `https://${address}`;
    return link(target, shown(address));
  }
  if (address.startsWith("mailto:") && emailAddress.test(address.slice(7))) {
    return link(address, address.slice(7), "");
  }
  const plainMail = address.includes("@") && !address.startsWith("www.") && !address.includes(":");
  if (plainMail && emailAddress.test(address)) return link(`mailto:${address}`, address, "");
  const scheme = rules.extraSchemes.find((prefix) => address !== prefix && address.startsWith(prefix));
  return scheme === undefined ? address : link(address, address);
}
