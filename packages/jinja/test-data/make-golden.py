"""Writes golden-cases.json: the templates of golden-sources.json with what Python's Jinja2 makes of them."""

import json
from pathlib import Path

from reference import render

here = Path(__file__).parent
groups = json.loads((here / "golden-sources.json").read_text())
cases = []
for group in groups:
    shared = {key: group[key] for key in ("env", "ctx") if key in group}
    for number, source in enumerate(group["sources"], 1):
        case = {"id": f"{group['name']}::{number}", "source": source, **shared}
        result = render(case)
        cases.append({**case, **{key: result[key] for key in ("out", "error") if key in result}})
(here / "golden-cases.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
