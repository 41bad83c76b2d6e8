"""The workflows in ComfyUI's page, in a real browser; screenshots are left in out/comfyui, to be looked at."""

import json
import os
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from draw_page import FIT

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
SHOTS = ROOT / "out" / "comfyui"
# Of the page itself: what has no network here, and a graph that is left before its listeners are there.
HARMLESS = (
    "never set up",
    "favicon",
    "net::ERR_",
    "Failed to load resource",
    "userdata",
    "api.comfy.org",
    "firebase",
    "sentry",
)

FACTS = """() => ({
  missing: app.graph.nodes.filter(n => !LiteGraph.registered_node_types[n.type]).map(n => n.type),
  red: app.graph.nodes.filter(n => n.has_errors).map(n => n.type),
  nodes: app.graph.nodes.length,
})"""


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
    opened.goto(comfy.address, timeout=120_000)
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


def ended_well(page):
    """Run what the page shows."""
    page.evaluate("""() => { window.ended = null;
      app.api.addEventListener('execution_success', () => window.ended = 'success');
      app.api.addEventListener('execution_error', e => window.ended = JSON.stringify(e.detail)); }""")
    page.evaluate("async () => { await app.queuePrompt(0, 1) }")
    page.wait_for_function("() => window.ended", timeout=600_000)
    page.wait_for_timeout(1500)
    assert page.evaluate("() => window.ended") == "success"


def test_a_template_runs_from_the_page(page):
    graph = json.loads((ROOT / "workflows" / "random_faces.json").read_text(encoding="utf8"))
    learner = next(node for node in graph["nodes"] if node["type"] == "PasticheFinetuneOneShot")
    learner["widgets_values"][0] = "quick"
    page.problems.clear()
    page.evaluate("async graph => { await app.loadGraphData(graph) }", graph)
    page.wait_for_timeout(500)
    page.evaluate(FIT)
    ended_well(page)
    page.screenshot(path=SHOTS / "random_faces_done.png")
    assert not serious(page.problems)


BLUEPRINTS = sorted((ROOT / "subgraphs").glob("*.json"))


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_a_blueprint_opens_without_red_nodes_and_runs(page, path):
    """As the page adds it: the blueprint's node among others, its subgraph among the definitions."""
    blueprint = json.loads(path.read_text(encoding="utf8"))
    inside = blueprint["definitions"]["subgraphs"][0]["nodes"]
    next(node for node in inside if node["type"] == "PasticheFinetuneOneShot")["widgets_values"][0] = "quick"
    node = {**blueprint["nodes"][0], "id": 3, "pos": [400, 0]}
    node["inputs"] = [{**slot, "link": link} for slot, link in zip(node["inputs"], (1, 2, None), strict=True)]
    node["outputs"] = [{**node["outputs"][0], "links": [3]}]

    def example(number, picture):
        output = {"name": "image", "type": "IMAGE", "links": [number]}
        return {"id": number, "type": "PasticheExamplePicture", "outputs": [output], "widgets_values": [picture]}

    save = {
        "id": 4,
        "type": "SaveImage",
        "inputs": [{"name": "images", "type": "IMAGE", "link": 3}],
        "widgets_values": ["blue"],
    }
    frame = {
        "pos": [0, 0],
        "size": [300, 200],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
    }
    graph = {
        "last_node_id": 4,
        "last_link_id": 3,
        "nodes": [
            {**frame, **example(1, "photo")},
            {**frame, **example(2, "ukiyoe"), "pos": [0, 300]},
            node,
            {**frame, **save, "pos": [900, 0]},
        ],
        "links": [[1, 1, 0, 3, 0, "IMAGE"], [2, 2, 0, 3, 1, "IMAGE"], [3, 3, 0, 4, 0, "IMAGE"]],
        "groups": [],
        "definitions": blueprint["definitions"],
        "config": {},
        "extra": {},
        "version": 0.4,
    }
    page.problems.clear()
    page.evaluate("async graph => { await app.loadGraphData(graph) }", graph)
    page.wait_for_timeout(800)
    facts = page.evaluate(FACTS)
    assert (facts["missing"], facts["red"], facts["nodes"]) == ([], [], 4)
    page.evaluate(FIT)
    page.wait_for_timeout(300)
    page.screenshot(path=SHOTS / "blueprint.png")
    assert page.evaluate("() => app.graph.nodes.find(n => n.isSubgraphNode?.()).widgets.map(w => w.name)") == ["strength"]
    page.evaluate("() => { app.canvas.setGraph(app.graph.nodes.find(n => n.isSubgraphNode?.()).subgraph) }")
    page.wait_for_timeout(500)
    page.evaluate(FIT)
    page.wait_for_timeout(500)
    page.screenshot(path=SHOTS / "blueprint_inside.png")
    page.evaluate("() => { app.canvas.setGraph(app.graph) }")
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    kinds = [inner["type"] for inner in inside]
    assert sorted(node["class_type"] for node in sent.values()) == sorted(
        [*kinds, *["PasticheExamplePicture"] * 2, "SaveImage"]
    )
    ended_well(page)
    assert not serious(page.problems)


def test_the_page_takes_the_blueprints_that_a_newer_server_offers(browser, comfy):
    """The server's part, which came after the oldest ComfyUI that is supported, is played here."""
    texts = {path.stem: path.read_text(encoding="utf8") for path in BLUEPRINTS}
    asked, problems = [], []

    def answer(route):
        name = unquote(route.request.url.rsplit("global_subgraphs", 1)[1].strip("/"))
        asked.append(name)
        offered = {stem: {"source": "custom_node", "name": stem, "info": {"node_pack": "pastiche"}} for stem in texts}
        route.fulfill(json={**offered[name], "data": texts[name]} if name else offered)

    opened = browser.new_page()
    opened.on("console", lambda message: message.type == "error" and problems.append(message.text))
    opened.route("**/global_subgraphs**", answer)
    opened.route("**/global_subgraphs/**", answer)
    opened.goto(comfy.address, timeout=120_000)
    opened.wait_for_function("() => window.LiteGraph?.registered_node_types?.PasticheStylize", timeout=120_000)
    opened.wait_for_timeout(5000)
    opened.close()
    if not asked:
        pytest.skip("this page does not ask for the blueprints of extensions")
    assert set(asked) == {"", *texts}
    assert not [text for text in problems if "lueprint" in text]
