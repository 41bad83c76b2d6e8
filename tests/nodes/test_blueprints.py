"""Blueprints: one node for the page, a whole graph inside it."""

import json
from pathlib import Path

import make_blueprints
import pytest
from workflow_graphs import Library

from . import executor

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "subgraphs").glob("*.json"))
INPUT, OUTPUT = -10, -20


def stored(name):
    return json.loads((ROOT / "subgraphs" / f"{name}.json").read_text(encoding="utf8"))


def expanded(page, given):
    """The server's form of a blueprint, as the page makes it; `given` is what is connected to its inputs, by their names."""
    (graph,) = page["definitions"]["subgraphs"]
    library = Library()
    links = {link["id"]: link for link in graph["links"]}
    prompt = {}
    for node in graph["nodes"]:
        names = [name for name in library.widgets(node["type"]) for _ in range(1 + library.is_seed(node["type"], name))]
        inputs = dict(zip(reversed(names), reversed(node["widgets_values"]), strict=True))
        for slot in node["inputs"]:
            if slot["link"] is not None:
                link = links[slot["link"]]
                outside = link["origin_id"] == INPUT
                value = given.get(graph["inputs"][link["origin_slot"]]["name"]) if outside else None
                inputs[slot["name"]] = value if outside else [str(link["origin_id"]), link["origin_slot"]]
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt


def test_there_is_one():
    assert NAMES == ["Stylize Portrait (Pastiche)"]


def test_files_are_what_the_script_writes():
    blueprint, library = make_blueprints.stylize_portrait(), Library()
    wanted = json.loads(json.dumps(make_blueprints.blueprint_form(blueprint, library)))
    assert wanted == stored(blueprint.name), "run scripts/make_blueprints.py"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_node_with_a_photo_and_a_reference_in_and_a_picture_out(name):
    page = stored(name)
    (graph,) = page["definitions"]["subgraphs"]
    (node,) = page["nodes"]  # the page refuses a blueprint of several
    assert node["type"] == graph["id"]
    assert graph["name"] == name
    assert [slot["name"] for slot in node["inputs"]] == [slot["name"] for slot in graph["inputs"]]
    assert [(slot["name"], slot["type"]) for slot in node["inputs"]][:2] == [("photo", "IMAGE"), ("reference", "IMAGE")]
    assert [(slot["name"], slot["type"]) for slot in node["outputs"]] == [("picture", "IMAGE")]
    assert page["extra"]["BlueprintDescription"]


@pytest.mark.parametrize("name", NAMES)
def test_its_links_are_whole(name):
    (graph,) = stored(name)["definitions"]["subgraphs"]
    nodes = {node["id"]: node for node in graph["nodes"]}
    for link in graph["links"]:
        if link["origin_id"] == INPUT:
            origin = graph["inputs"][link["origin_slot"]]
            assert link["id"] in origin["linkIds"]
        else:
            origin = nodes[link["origin_id"]]["outputs"][link["origin_slot"]]
            assert link["id"] in origin["links"]
        assert origin["type"] == link["type"]
        if link["target_id"] == OUTPUT:
            assert link["id"] in graph["outputs"][link["target_slot"]]["linkIds"]
        else:
            assert nodes[link["target_id"]]["inputs"][link["target_slot"]]["link"] == link["id"]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(pack, one_step, photo, name):
    page = stored(name)
    pictures = {
        "photo": {"class_type": "PasticheExamplePicture", "inputs": {"picture": "photo"}},
        "reference": {"class_type": "PasticheExamplePicture", "inputs": {"picture": "toon"}},
    }
    prompt = {**pictures, **expanded(page, {"photo": ["photo", 0], "reference": ["reference", 0], "strength": 1.0})}
    assert not executor.check(pack, prompt)
    faster = {"PasticheFinetuneOneShot": {"options": one_step}, "PasticheInvertFace": {"steps": 2}}
    done = executor.execute(pack, prompt, faster)
    (graph,) = page["definitions"]["subgraphs"]
    (last,) = (link for link in graph["links"] if link["target_id"] == OUTPUT)
    picture = done[str(last["origin_id"])][last["origin_slot"]]
    assert picture.shape == photo.shape
    assert (picture - photo).abs().max() > 0.05
