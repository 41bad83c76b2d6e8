"""A real ComfyUI, started in a folder of its own: COMFYUI_PATH names its checkout.

    COMFYUI_PATH=~/ComfyUI COMFYUI_PYTHON=~/ComfyUI/venv/bin/python make test-comfyui

COMFYUI_PYTHON is the Python that runs it (default: the one of these tests), COMFYUI_ARGS what it is started with (default:
--cpu), COMFYUI_CHROMIUM a browser for the tests of the page, which also need Playwright.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from loading import module_at

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PACK = "comfyui-pastiche"  # the folder's name, with a hyphen as git clone makes it
START = 180  # seconds
# glibc keeps freed blocks of up to 32 MiB for reuse, so that resident memory varies by tens of MiB between equal prompts.
# With fixed thresholds it returns them, and what remains is what the server holds.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "MALLOC_TRIM_THRESHOLD_": str(2**20)}


def pytest_collection_modifyitems(items):
    """Without ComfyUI there is nothing to try."""
    if "COMFYUI_PATH" in os.environ:
        return
    skip = pytest.mark.skip(reason="COMFYUI_PATH does not name a checkout of ComfyUI")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


class Comfy:
    """A running server."""

    def __init__(self, address, process, folder, log):
        self.address = address
        self.process = process
        self.folder = folder
        self.log_file = log

    @property
    def log(self):
        return self.log_file.read_text(encoding="utf8", errors="replace")

    def get(self, path):
        with urlopen(self.address + path) as answer:
            return json.loads(answer.read())

    def post(self, path, content):
        request = Request(self.address + path, json.dumps(content).encode(), {"Content-Type": "application/json"})
        with urlopen(request) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def refused(self, workflow):
        """What the server says of a workflow that it does not take, as one text."""
        with pytest.raises(HTTPError) as caught:
            self.post("/prompt", {"prompt": workflow})
        return caught.value.read().decode()

    def queue(self, workflow, client="tests"):
        return self.post("/prompt", {"prompt": workflow, "client_id": client})["prompt_id"]

    def wait(self, prompt, limit=600):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            history = self.get(f"/history/{prompt}")
            if prompt in history:
                return history[prompt]
            assert self.process.poll() is None, self.log[-3000:]
            time.sleep(0.1)
        raise AssertionError(f"not done after {limit} s: {self.log[-3000:]}")

    def run(self, workflow):
        return self.wait(self.queue(workflow))

    def files(self, history):
        """What was written or previewed."""
        found = []
        for result in history["outputs"].values():
            for entries in result.values():
                found += [
                    self.folder / entry["type"] / entry["subfolder"] / entry["filename"]
                    for entry in entries
                    if isinstance(entry, dict) and "filename" in entry
                ]
        return found

    @property
    def memory(self):
        """Bytes that the server allocated and uses; without the libraries, whose pages the kernel drops and reads again."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf8")
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024


@pytest.fixture(scope="session")
def comfy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comfyui")
    (folder / "custom_nodes").mkdir()
    (folder / "custom_nodes" / PACK).symlink_to(ROOT)
    for name in ("input", "output", "models", "user", "temp"):
        (folder / name).mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    options = shlex.split(os.environ.get("COMFYUI_ARGS", "--cpu"))
    log = folder / "log.txt"
    command = [python, "main.py", "--port", str(port), "--base-directory", str(folder), "--disable-auto-launch", *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=os.environ["COMFYUI_PATH"], env=os.environ | MALLOC, stdout=output, stderr=subprocess.STDOUT
        )
    server = Comfy(f"http://127.0.0.1:{port}", process, folder, log)
    try:
        end = time.monotonic() + START
        while True:
            assert process.poll() is None, server.log[-3000:]
            assert time.monotonic() < end, server.log[-3000:]
            try:
                server.get("/system_stats")
                break
            except OSError:
                time.sleep(0.5)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def listen(comfy):
    """Messages of the server, as the page gets them."""
    client = module_at(HERE / "websocket.py")
    open_ones = []

    def connect(name):
        connection = client.WebSocket(comfy.address, name)
        open_ones.append(connection)
        return connection

    yield connect
    for connection in open_ones:
        connection.close()


@pytest.fixture
def workflow(comfy):
    """A workflow in API format, with fewer steps."""

    def read(name, steps=3):
        graph = json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf8"))
        options = comfy.get("/object_info/PasticheOneShotOptions")["PasticheOneShotOptions"]["input"]["required"]
        shown = {key: facts.get("default", kind[0]) for key, (kind, facts) in options.items()}
        graph["options"] = {"class_type": "PasticheOneShotOptions", "inputs": {**shown, "steps": steps}}
        for node in graph.values():
            if node["class_type"] == "PasticheFinetuneOneShot":
                node["inputs"]["options"] = ["options", 0]
            if "steps" in node["inputs"]:
                node["inputs"]["steps"] = steps
        return graph

    return read
