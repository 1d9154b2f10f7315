import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { addRender } from "./render.ts";

/** `lotse template render` */
export function addTemplate(program: Command, context: Context): void {
  const template = program
    .command("template")
    .description("render Jinja2 templates with the resolved configuration");
  addRender(template, context);
}
