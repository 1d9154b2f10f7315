import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";

/** An export that says nothing about itself. */
export interface Undocumented {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

interface Comment {
  readonly type: string;
  readonly value: string;
  readonly end: number;
}

/** Finds exported declarations in the packages' sources that no docstring stands directly above. */
export function findUndocumented(root: string): readonly Undocumented[] {
  const files = globSync("packages/*/src/**/*.ts", { cwd: root })
    .filter((file) => !file.endsWith(".test.ts"))
    .sort();
  return files.flatMap((file) => inFile(root, file));
}

function inFile(root: string, file: string): readonly Undocumented[] {
  const text = readFileSync(join(root, file), "utf8");
  const { program, comments } = parseSync(file, text);
  const found: Undocumented[] = [];
  for (const statement of program.body) {
    if (statement.type !== "ExportNamedDeclaration" || !statement.declaration) continue;
    if (isDocumented(text, statement.start, comments)) continue;
    const name = /(?:function|class|interface|type|const|let)\s+\*?\s*([\w$]+)/u.exec(
      text.slice(statement.start),
    )?.[1];
    found.push({ file, line: text.slice(0, statement.start).split("\n").length, name: name ?? "?" });
  }
  return found;
}

/** Whether a block comment that begins with two stars ends right above, with nothing but lint notes between. */
function isDocumented(text: string, start: number, comments: readonly Comment[]): boolean {
  let at = start;
  for (const comment of comments.filter(({ end }) => end <= start).toReversed()) {
    if (text.slice(comment.end, at).trim() !== "") return false;
    if (comment.type === "Block" && comment.value.startsWith("*")) return true;
    at = comment.end - comment.value.length - 2 - (comment.type === "Block" ? 2 : 0);
  }
  return false;
}
