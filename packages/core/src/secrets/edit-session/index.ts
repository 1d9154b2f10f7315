export { chooseEditor, hardenEditor, splitCommand } from "./editor.ts";
export { editPlain, type EditPrompt, type EditRequest, type EditResult } from "./edit-plain.ts";
