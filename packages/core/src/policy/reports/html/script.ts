/**
 * The script of the page: it shows the filters and hides the findings that do not fit them. It writes no HTML,
 * and the choice is kept in the address, so that a filtered report can be linked to.
 */
export const reportScript = `"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const shown = document.getElementById("shown");
  const all = [...document.querySelectorAll("article.finding")].map((element) => ({
    element,
    status: element.dataset.status,
    severity: element.dataset.severity,
    framework: JSON.parse(element.dataset.framework),
    tenant: JSON.parse(element.dataset.tenant),
    text: element.textContent.toLowerCase(),
  }));
  const fields = ["status", "severity", "framework", "tenant", "text"];
  const fits = (one, wanted) =>
    (!wanted.status || one.status === wanted.status) &&
    (!wanted.severity || one.severity === wanted.severity) &&
    (!wanted.framework || one.framework.includes(wanted.framework)) &&
    (!wanted.tenant || one.tenant.includes(wanted.tenant)) &&
    (!wanted.text || one.text.includes(wanted.text.toLowerCase()));
  const apply = () => {
    const wanted = Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]));
    let count = 0;
    for (const one of all) {
      one.element.hidden = !fits(one, wanted);
      if (!one.element.hidden) count++;
    }
    shown.textContent = "Showing " + count + " of " + all.length + " findings";
    const set = fields.filter((name) => wanted[name]);
    const hash = new URLSearchParams(set.map((name) => [name, wanted[name]])).toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  };
  const read = new URLSearchParams(location.hash.slice(1));
  for (const name of fields) if (read.has(name)) form.elements[name].value = read.get(name);
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  const wasSet = fields.some((name) => read.has(name));
  if (wasSet) apply();
  else shown.textContent = "Showing " + all.length + " of " + all.length + " findings";
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
`;
