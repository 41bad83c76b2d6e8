"""The workflows in ComfyUI's page, in a real browser; screenshots are left in out/comfyui, to be looked at."""

import json
import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
SHOTS = ROOT / "out" / "comfyui"
HARMLESS = ("favicon", "net::ERR_", "Failed to load resource", "userdata", "api.comfy.org", "firebase", "sentry")

FACTS = """() => ({
  missing: app.graph.nodes.filter(n => !LiteGraph.registered_node_types[n.type]).map(n => n.type),
  red: app.graph.nodes.filter(n => n.has_errors).map(n => n.type),
  nodes: app.graph.nodes.length,
})"""
FIT = """() => {
  const boxes = app.graph.nodes.map(n => [n.pos[0], n.pos[1] - 40, n.pos[0] + n.size[0], n.pos[1] + n.size[1]]);
  const low = [0, 1].map(k => Math.min(...boxes.map(b => b[k])));
  const high = [2, 3].map(k => Math.max(...boxes.map(b => b[k])));
  const size = [app.canvas.canvas.clientWidth - 120, app.canvas.canvas.clientHeight - 120];
  const scale = Math.min(1, size[0] / (high[0] - low[0]), size[1] / (high[1] - low[1]));
  app.canvas.ds.scale = scale;
  app.canvas.ds.offset = [90 / scale - low[0], 80 / scale - low[1]];
  app.canvas.setDirty(true, true);
}"""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the page is tried with Playwright")
    chromium = os.environ.get("COMFYUI_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def page(browser, comfy):
    opened = browser.new_page(viewport={"width": 2600, "height": 1400})
    opened.problems = []
    opened.on("console", lambda message: message.type == "error" and opened.problems.append(message.text))
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.goto(comfy.address)
    opened.wait_for_function("() => window.app && window.app.graph && window.LiteGraph", timeout=120_000)
    opened.wait_for_function("() => LiteGraph.registered_node_types.PasticheStylize", timeout=60_000)
    opened.wait_for_timeout(3000)
    opened.keyboard.press("Escape")
    SHOTS.mkdir(parents=True, exist_ok=True)
    return opened


def serious(problems):
    return [text for text in problems if not any(word in text for word in HARMLESS)]


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_loads_without_red_nodes_and_means_what_the_api_form_means(page, name):
    page.problems.clear()
    graph = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf8"))
    page.evaluate("async graph => { await app.loadGraphData(graph) }", graph)
    page.wait_for_timeout(800)
    page.evaluate(FIT)
    page.wait_for_timeout(500)
    page.screenshot(path=SHOTS / f"{name}.png")
    facts = page.evaluate(FACTS)
    assert facts == {"missing": [], "red": [], "nodes": len(graph["nodes"])}
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    wanted = json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf8"))
    assert {key: node["class_type"] for key, node in sent.items()} == {key: node["class_type"] for key, node in wanted.items()}
    for key, node in wanted.items():
        given = {field: value for field, value in sent[key]["inputs"].items() if value is not None}
        assert given == node["inputs"], f"{name} {key} {node['class_type']}"
    assert not serious(page.problems)


def test_a_template_runs_from_the_page(page):
    graph = json.loads((ROOT / "workflows" / "random_faces.json").read_text(encoding="utf8"))
    learner = next(node for node in graph["nodes"] if node["type"] == "PasticheFinetuneOneShot")
    learner["widgets_values"][0] = "quick"
    page.problems.clear()
    page.evaluate("async graph => { await app.loadGraphData(graph) }", graph)
    page.wait_for_timeout(500)
    page.evaluate(FIT)
    page.evaluate("""() => { window.ended = null;
      app.api.addEventListener('execution_success', () => window.ended = 'success');
      app.api.addEventListener('execution_error', e => window.ended = JSON.stringify(e.detail)); }""")
    page.evaluate("async () => { await app.queuePrompt(0, 1) }")
    page.wait_for_function("() => window.ended", timeout=300_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=SHOTS / "random_faces_done.png")
    assert page.evaluate("() => window.ended") == "success"
    assert not serious(page.problems)
