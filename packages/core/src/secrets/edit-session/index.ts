export { chooseEditor, hardenEditor } from "./editor.ts";
export { editPlain, type EditPrompt, type EditRequest, type EditResult } from "./edit-plain.ts";
export { keepText, sweepKeptTexts } from "./kept-text.ts";
