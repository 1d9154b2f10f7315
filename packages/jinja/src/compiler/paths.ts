import type { Expr } from "../parser/nodes.ts";
import type { Frame } from "../runtime/frame.ts";
import { childPath } from "../runtime/host.ts";
import { eachChild } from "./analysis.ts";
import { readSlot } from "./compilation.ts";
import type { Symbols } from "./symbols.ts";

/** Code that tells which leaf of the host's context an expression reads; only run while tracing. */
export type PathCode = (frame: Frame) => string | undefined;

const nowhere: PathCode = () => undefined;

/** The leaf behind a name, or a name with attributes and constant keys, or such with filters. */
export function compilePath(node: Expr, symbols: Symbols): PathCode {
  switch (node.type) {
    case "Name": {
      const reference = symbols.find(node.name);
      if (reference === undefined) return nowhere;
      const read = readSlot(symbols.unit, reference);
      return (frame) => {
        const { trace } = frame.runtime;
        const value = read(frame);
        const known = trace?.pathOf(value);
        if (known !== undefined) return known;
        for (let holder: Frame | undefined = frame; holder !== undefined; holder = holder.parent) {
          const path = trace?.slotPath(holder, reference.slot);
          if (path !== undefined) return path;
          if (holder.slots[reference.slot] === value) break;
        }
        return frame.context.resolve(node.name) === value && !frame.context.vars.has(node.name)
          ? node.name
          : undefined;
      };
    }
    case "Attribute": {
      const object = compilePath(node.object, symbols);
      return (frame) => childPath(object(frame), node.name);
    }
    case "Item": {
      const object = compilePath(node.object, symbols);
      const { key } = node;
      if (key.type === "Const") return (frame) => childPath(object(frame), key.value);
      if (key.type !== "Name") return nowhere;
      const reference = symbols.find(key.name);
      if (reference === undefined) return nowhere;
      const read = readSlot(symbols.unit, reference);
      return (frame) => childPath(object(frame), read(frame));
    }
    case "Filter":
      return node.input === undefined ? nowhere : compilePath(node.input, symbols);
    default:
      return nowhere;
  }
}

/** All leaves that an expression reads, in order, without repetition. */
export function compilePaths(node: Expr, symbols: Symbols): (frame: Frame) => string[] {
  const codes: PathCode[] = [];
  const visit = (child: Expr): void => {
    if (child.type === "Name" || child.type === "Attribute" || child.type === "Item") {
      codes.push(compilePath(child, symbols));
      if (child.type === "Item") visit(child.key);
      return;
    }
    eachChild(child, visit);
  };
  visit(node);
  return (frame) => [...new Set(codes.map((code) => code(frame)).filter((path) => path !== undefined))];
}
