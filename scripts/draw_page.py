"""Draw a workflow in ComfyUI's page after it ran, as in docs/comfyui.jpg, on a running server with this extension.

    python scripts/draw_page.py http://127.0.0.1:8188 likeness docs/comfyui.jpg

It needs Playwright (`pip install playwright`) and a Chromium: on the path, or named by COMFYUI_CHROMIUM.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
WIDTH, QUALITY = 1800, 85
SECONDS = 1000  # milliseconds, in which Playwright counts
HIDDEN = "[class*=minimap], .p-dialog-mask { display: none !important }"  # a new page also opens a list of templates
SHOWN = "() => window.app?.graph && window.LiteGraph?.registered_node_types.PasticheStylize"

# Moves and scales the view so that the whole graph is seen; gives where it then is on the page.
FIT = """() => {
  const graph = app.canvas.graph;
  const nodes = graph.nodes.map(n => [n.pos[0], n.pos[1] - 40, n.pos[0] + n.size[0], n.pos[1] + n.size[1]]);
  const groups = graph.groups.map(g => [g.pos[0], g.pos[1], g.pos[0] + g.size[0], g.pos[1] + g.size[1]]);
  const boxes = [...nodes, ...groups];
  const low = [0, 1].map(k => Math.min(...boxes.map(b => b[k])));
  const high = [2, 3].map(k => Math.max(...boxes.map(b => b[k])));
  const canvas = app.canvas.canvas;
  const size = [canvas.clientWidth - 120, canvas.clientHeight - 120];
  const scale = Math.min(1, size[0] / (high[0] - low[0]), size[1] / (high[1] - low[1]));
  app.canvas.ds.scale = scale;
  app.canvas.ds.offset = [90 / scale - low[0], 80 / scale - low[1]];
  app.canvas.setDirty(true, true);
  const corner = canvas.getBoundingClientRect();
  return {x: corner.left + 78, y: corner.top + 68,
          width: scale * (high[0] - low[0]) + 24, height: scale * (high[1] - low[1]) + 24};
}"""
RUN = """async () => {
  const ended = new Promise(resolve => {
    app.api.addEventListener('execution_success', () => resolve('success'));
    app.api.addEventListener('execution_error', e => resolve(JSON.stringify(e.detail)));
  });
  await app.queuePrompt(0, 1);
  return await ended;
}"""


def shot(page: Any, server: str, workflow: dict[str, Any]) -> Image.Image:
    """The graph of a workflow, with everything that its nodes show after a run.

    Raises:
        RuntimeError: the run ended with an error.
    """
    page.set_default_timeout(600 * SECONDS)
    page.goto(server)
    page.wait_for_function(SHOWN)
    page.wait_for_timeout(3 * SECONDS)
    page.evaluate("async graph => { await app.loadGraphData(graph) }", workflow)
    if (ended := page.evaluate(RUN)) != "success":
        raise RuntimeError(f"{server} could not run the workflow: {ended}")
    page.add_style_tag(content=HIDDEN)
    page.wait_for_timeout(2 * SECONDS)  # for the last pictures
    clip = page.evaluate(FIT)
    page.wait_for_timeout(SECONDS)
    return Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")


def main() -> None:
    """Draw the workflow that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", help="address of ComfyUI, such as http://127.0.0.1:8188")
    parser.add_argument("name", help="of a workflow, such as likeness")
    parser.add_argument("out", type=Path, help="a .jpg")
    arguments = parser.parse_args()
    workflow = json.loads((ROOT / "workflows" / f"{arguments.name}.json").read_text(encoding="utf8"))

    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (the tests use this file's scripts without it)

    chromium = os.environ.get("COMFYUI_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        picture = shot(browser.new_page(viewport={"width": 2600, "height": 1400}), arguments.server, workflow)
        browser.close()
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    picture.save(arguments.out, quality=QUALITY)


if __name__ == "__main__":
    main()
