"""Many prompts on one server: what a day's work leaves behind in memory and on disk.

COMFYUI_PROMPTS says how many (default: 1000, of which each takes some seconds); what was found is written to
out/comfyui/long_run.json.
"""

import json
import os
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = int(os.environ.get("COMFYUI_PROMPTS", "1000"))
WARM = 50  # prompts until everything was loaded once
WINDOW = 15  # prompts whose median is compared
GROWTH = 0.02
FILES = 4  # open files more or less: sockets that the kernel has not closed yet
WORKFLOWS = ("random_faces", "one_shot_style", "whole_photo", "strength_ladder")
EVERY = 5  # prompts, of which the first one learns a style, which the next ones find in ComfyUI's cache; the last is cancelled


def learners(graph):
    return [node for node in graph.values() if node["class_type"] == "PasticheFinetuneOneShot"]


def ended(history):
    return history["status"]["messages"][-1][0]


def cancelled(comfy, graph, socket):
    """Cancel a prompt in its first steps; gives how it ended."""
    graph["options"]["inputs"]["steps"] = 5000
    prompt = comfy.queue(graph, "long-run")
    for message in socket:
        if isinstance(message, dict) and message["type"] == "progress" and message["data"]["prompt_id"] == prompt:
            break
    comfy.post("/interrupt", {})
    return ended(comfy.wait(prompt))


def left_behind(comfy):
    """Files that no prompt was asked to write."""
    asked = {".png", ".jpg", ".db", ".txt"}
    return {
        str(path.relative_to(comfy.folder)) for path in comfy.folder.rglob("*") if path.is_file() and path.suffix not in asked
    }


@pytest.mark.slow
def test_a_thousand_prompts_leave_neither_memory_nor_files_behind(comfy, workflow, listen):
    assert PROMPTS >= WARM + 2 * WINDOW, f"COMFYUI_PROMPTS is {PROMPTS}: at least {WARM + 2 * WINDOW} are needed"
    socket, memory, opened = listen("long-run"), [], []
    for index in range(PROMPTS):
        graph = workflow(WORKFLOWS[index % EVERY % len(WORKFLOWS)], steps=2)
        for learner in learners(graph):
            learner["inputs"]["seed"] = 1000 + index // EVERY
        if index % EVERY == EVERY - 1:
            assert cancelled(comfy, graph, socket) == "execution_interrupted", index
        else:
            assert ended(comfy.run(graph)) == "execution_success", index
        comfy.post("/history", {"clear": True})  # which is ComfyUI's own, and grows
        memory.append(comfy.memory)
        opened.append(len(os.listdir(f"/proc/{comfy.process.pid}/fd")))
        if index == WARM:
            before = left_behind(comfy)
        report(memory, opened)
    early, late = (statistics.median(part) for part in (memory[WARM : WARM + WINDOW], memory[-WINDOW:]))
    assert late <= early * (1 + GROWTH), f"{early / 2**20:.0f} MiB after {WARM} prompts, {late / 2**20:.0f} MiB at the end"
    assert max(opened[-WINDOW:]) <= max(opened[WARM : WARM + WINDOW]) + FILES
    assert left_behind(comfy) == before


def report(memory, opened):
    """Keep the figures, to be looked at, also of a run that was ended."""
    place = ROOT / "out" / "comfyui" / "long_run.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    figures = {"prompts": len(memory), "mebibytes": [round(size / 2**20, 1) for size in memory], "open_files": opened}
    place.write_text(json.dumps(figures) + "\n", encoding="utf8")
