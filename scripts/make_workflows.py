"""Write workflows/*.json, for ComfyUI's page, and workflows/api/*.json, for its server, from the graphs in workflow_graphs/.

    python scripts/make_workflows.py

Run it after a change of a graph or of a node's inputs.
"""

from __future__ import annotations

import json

from workflow_graphs import ROOT, Library, api_form, graphs, page_form


def main() -> None:
    """Write all of them."""
    library = Library()
    folder = ROOT / "workflows"
    (folder / "api").mkdir(parents=True, exist_ok=True)
    for graph in graphs():
        for path, content in (
            (folder / f"{graph.name}.json", page_form(graph, library)),
            (folder / "api" / f"{graph.name}.json", api_form(graph, library)),
        ):
            path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
