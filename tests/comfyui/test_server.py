"""The extension in a real ComfyUI, over its API."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "workflows" / "api").glob("*.json"))
PROMPTS = 50
GROWTH = 40 * 2**20  # bytes, of which ComfyUI's own history takes a part


def failures(history):
    return [facts for event, facts in history["status"]["messages"] if event in ("execution_error", "execution_interrupted")]


def cached(history):
    return next(facts["nodes"] for event, facts in history["status"]["messages"] if event == "execution_cached")


def number_of(workflow, kind):
    return next(key for key, node in workflow.items() if node["class_type"] == kind)


def test_the_pack_is_loaded_at_once(comfy):
    took = re.search(r"([\d.]+) seconds(.*): .*comfyui-pastiche", comfy.log)
    assert took, comfy.log
    assert "FAILED" not in took[2]
    assert float(took[1]) < 0.3
    assert (comfy.folder / "models" / "pastiche").is_dir()


def test_every_node_is_offered(comfy):
    nodes = {name: facts for name, facts in comfy.get("/object_info").items() if name.startswith("Pastiche")}
    assert len(nodes) == 30
    assert all(facts["description"] and facts["output_tooltips"] for facts in nodes.values())
    assert nodes["PasticheStylize"]["display_name"] == "Stylize"


def test_templates_help_and_translations_are_served(comfy):
    from urllib.request import urlopen

    assert sorted(comfy.get("/workflow_templates")["comfyui-pastiche"]) == NAMES
    for path in (
        "/api/workflow_templates/comfyui-pastiche/one_shot_style.json",
        "/api/workflow_templates/comfyui-pastiche/one_shot_style.jpg",
        "/extensions/comfyui-pastiche/docs/PasticheStylize.md",
    ):
        with urlopen(comfy.address + path) as answer:
            assert answer.status == 200, path
    assert "PasticheStylize" in comfy.get("/i18n")["zh"]["nodeDefs"]


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_runs(comfy, workflow, name):
    history = comfy.run(workflow(name))
    assert not failures(history)
    files = comfy.files(history)
    assert files
    for path in files:
        assert path.stat().st_size > 1000
        if path.suffix == ".png":
            assert np.asarray(Image.open(path)).std() > 5, f"{path} is empty"


def test_progress_and_previews_come_while_a_style_is_learned(comfy, workflow, listen):
    graph = workflow("random_faces", steps=25)
    learner = number_of(graph, "PasticheFinetuneOneShot")
    graph[learner]["inputs"]["seed"] = 11
    graph[number_of(graph, "PasticheLoadStyleGAN")]["inputs"]["download"] = True  # another signature: it runs again
    socket = listen("watcher")
    comfy.queue(graph, "watcher")
    seen = socket.until("execution_success", "execution_error")
    assert seen[-1]["type"] == "execution_success"
    steps = [
        message["data"]["value"]
        for message in seen
        if isinstance(message, dict) and message["type"] == "progress" and message["data"]["node"] == learner
    ]
    assert steps == sorted(steps)
    assert steps[-1] == 25
    assert len(steps) >= 25
    assert [message for message in seen if isinstance(message, bytes) and b"\xff\xd8\xff" in message[:200]], "no preview came"
    assert [message for message in seen if isinstance(message, bytes) and b"256 pixels" in message], "no text on the loader"


@pytest.mark.parametrize("kind", ["PasticheFinetuneOneShot", "PasticheInvertFace"])
def test_cancel_stops_within_a_step_and_the_next_prompt_is_fine(comfy, workflow, listen, kind):
    graph = workflow("compare_inversions" if kind == "PasticheInvertFace" else "one_shot_style", steps=5000)
    for node in graph.values():
        if node["class_type"] == kind:
            node["inputs"]["seed"] = 12
    socket = listen("canceller")
    comfy.queue(graph, "canceller")
    for message in socket:
        if isinstance(message, dict) and message["type"] == "progress" and message["data"]["value"] >= 2:
            break
    started = time.monotonic()
    comfy.post("/interrupt", {})
    end = socket.until("execution_interrupted", "execution_success", "execution_error")[-1]
    assert end["type"] == "execution_interrupted"
    assert time.monotonic() - started < 10
    assert not failures(comfy.run(workflow("random_faces")))


def test_what_did_not_change_is_not_run_again(comfy, workflow):
    graph = workflow("strength_ladder")
    comfy.run(graph)
    assert set(cached(comfy.run(graph))) == set(graph)
    graph[number_of(graph, "PasticheInterpolate")]["inputs"]["frames"] = 3
    again = comfy.run(graph)
    assert set(graph) - set(cached(again)) == {number_of(graph, "PasticheInterpolate"), number_of(graph, "SaveImage")}


def test_prompts_behind_each_other_do_not_mix(comfy, workflow):
    def graph(seed):
        given = workflow("random_faces")
        given[number_of(given, "PasticheGenerateFaces")]["inputs"]["seed"] = seed
        return given

    def pictures(history):
        return [np.asarray(Image.open(path)) for path in comfy.files(history) if path.parent.name == "pastiche"]

    queued = [comfy.queue(graph(seed)) for seed in (21, 22, 21)]
    first, second, third = (pictures(comfy.wait(prompt)) for prompt in queued)
    if third:  # else ComfyUI took it from its cache
        assert all((a == b).all() for a, b in zip(first, third, strict=True))
    assert any((a != b).any() for a, b in zip(first, second, strict=True))


def test_an_error_is_one_sentence(comfy):
    graph = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 48, "batch_size": 1, "color": 0}},
        "2": {"class_type": "PasticheAlignFaces", "inputs": {"image": ["1", 0], "mode": "find faces", "count": 0, "size": 256}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    (facts,) = failures(comfy.run(graph))
    assert facts["exception_message"].startswith("no face was found in this picture of 64 x 48 pixels")
    assert facts["exception_type"] == "PasticheError"
    assert facts["node_id"] == "2"


def test_a_missing_file_is_said_before_anything_runs(comfy):
    graph = {
        "1": {"class_type": "PasticheLoadStyleGAN", "inputs": {"checkpoint": "pastiche/gone.pt"}},
        "2": {"class_type": "PasticheModelInfo", "inputs": {"generator": ["1", 0]}},
    }
    assert "put it there and refresh the page" in comfy.refused(graph)


def test_fifty_prompts_take_no_more_memory(comfy, workflow):
    graph = workflow("random_faces")
    generator = number_of(graph, "PasticheFinetuneOneShot")
    before = None
    for index in range(PROMPTS):
        graph[generator]["inputs"]["seed"] = 100 + index
        assert not failures(comfy.run(graph))
        if index == 9:
            before = comfy.memory
    assert comfy.memory - before < GROWTH
