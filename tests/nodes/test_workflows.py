"""Every workflow that ships runs as it is; the page's form and the server's are the same graph."""

import importlib
import json
from pathlib import Path

import make_thumbnails
import pytest
import torch
from workflow_graphs import Library, api_form, graphs, page_form

from pastiche.resources import demo_models

from . import executor

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
METHODS = {"agilegan_style": "agilegan", "blendgan_style": "blendgan", "dualstylegan_style": "dualstylegan"}
NO_WEIGHTS = {"PasticheLoadStyleEncoder", "PasticheLoadIdentityNetwork"}  # BlendGAN's model holds its style encoder
OWN_FILES = {"PasticheTrainStyle"}  # works on pictures of the user's


def stored(name, folder="workflows"):
    return json.loads((ROOT / folder / f"{name}.json").read_text(encoding="utf8"))


def is_drawable(name):
    """Whether the models of a workflow are in the bundle."""
    return name not in METHODS or any(model.startswith(METHODS[name]) for model in demo_models())


def test_every_workflow_has_a_thumbnail_and_an_api_form():
    assert len(NAMES) >= 12
    for name in NAMES:
        assert (ROOT / "workflows" / f"{name}.jpg").is_file() or not is_drawable(name), name
        assert (ROOT / "workflows" / "api" / f"{name}.json").is_file(), name


def test_every_node_whose_weights_ship_is_used(pack):
    used = {node["class_type"] for name in NAMES for node in stored(name, "workflows/api").values()}
    assert set(pack.NODE_CLASS_MAPPINGS) - used == NO_WEIGHTS | OWN_FILES


def test_files_are_what_the_script_writes():
    library = Library()
    known = {graph.name: graph for graph in graphs()}
    assert set(known) == set(NAMES)
    for name, graph in known.items():
        assert page_form(graph, library) == stored(name), f"{name}: run scripts/make_workflows.py"
        assert api_form(graph, library) == stored(name, "workflows/api"), f"{name}: run scripts/make_workflows.py"


@pytest.mark.parametrize("name", NAMES)
def test_links_of_the_page_form_are_whole(name):
    page = stored(name)
    nodes = {node["id"]: node for node in page["nodes"]}
    for link, source, output, target, slot, kind in page["links"]:
        assert nodes[source]["outputs"][output]["type"] == kind
        assert link in nodes[source]["outputs"][output]["links"]
        assert nodes[target]["inputs"][slot]["link"] == link
        assert nodes[target]["inputs"][slot]["type"] in (kind, "*")
    boxes = [(*node["pos"], *node["size"]) for node in page["nodes"]]
    for index, (x, y, wide, high) in enumerate(boxes):
        for left, top, width, height in boxes[index + 1 :]:
            apart = x + wide <= left or left + width <= x or y + high <= top or top + height <= y
            assert apart, "two nodes overlap"


@pytest.mark.parametrize("name", NAMES)
def test_workflows_run(pack, engine, one_step, shipped, name):
    if not is_drawable(name):
        shipped(importlib.import_module(f"{engine.__name__}.resources"))
    workflow = stored(name, "workflows/api")
    assert not executor.check(pack, workflow)
    two = {"steps": 2}
    faster = {"PasticheFinetuneOneShot": {"options": one_step}, "PasticheInvertFace": two, "PasticheTuneToFace": two}
    faster["PasticheDriveFace"] = {"likeness": 0.0}  # no tuning
    done = executor.execute(pack, workflow, faster)
    assert set(done) == set(workflow)


class TestThumbnails:
    @staticmethod
    def images(*levels, size=(8, 8)):
        return torch.stack([torch.full((*size, 3), level) for level in levels])

    def test_they_show_faces_references_previews_and_results_in_this_order(self):
        kinds = ["SaveImage", "PasticheExamplePicture", "PasticheExamplePicture", "PreviewImage", "PasticheAlignFaces"]
        workflow = {str(key): {"class_type": kind, "inputs": {}} for key, kind in enumerate([*kinds, "ImageStitch"])}
        workflow["1"]["inputs"]["picture"] = "photo"
        done = {key: (int(key),) for key in workflow}
        assert make_thumbnails.shown(workflow, done) == [4, 2, 3, 0]

    def test_each_picture_is_shown_once_and_the_result_always(self):
        first, second, third, fourth, result = (self.images(level) for level in (0.1, 0.2, 0.3, 0.4, 0.9))
        found = make_thumbnails.pictures([first, first, second, third, fourth, result])
        assert [round(image.getpixel((5, 5))[0] / 255, 1) for image in found] == [0.1, 0.2, 0.3, 0.9]

    def test_more_of_the_results_fill_the_page(self):
        found = make_thumbnails.pictures([self.images(0.1), self.images(0.2, 0.3, 0.4, 0.5)])
        assert [round(image.getpixel((5, 5))[0] / 255, 1) for image in found] == [0.1, 0.2, 0.5, 0.4]

    def test_wide_pictures_keep_their_shape(self):
        (found,) = make_thumbnails.pictures([self.images(0.1, size=(8, 16))])
        assert found.size == (make_thumbnails.SIDE, make_thumbnails.SIDE)
        assert found.getpixel((5, 5)) == (255, 255, 255)
        assert found.getpixel((make_thumbnails.SIDE // 2, make_thumbnails.SIDE // 2)) == (26, 26, 26)
