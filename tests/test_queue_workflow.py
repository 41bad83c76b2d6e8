"""`scripts/queue_workflow.py` as a program, against a server that answers as ComfyUI does."""

import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "queue_workflow.py"
WORKFLOW = ROOT / "workflows" / "api" / "one_shot_style.json"
PROMPT = "a3f1"
REFUSED = {
    "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": ""},
    "node_errors": {
        "4": {
            "class_type": "PasticheOneShotStyle",
            "dependent_outputs": ["9"],
            "errors": [{"type": "value_smaller_than_min", "message": "Value 0 smaller than min of 1", "details": "steps"}],
        }
    },
}


def saved(filename, subfolder="pastiche", kind="output"):
    return {"filename": filename, "subfolder": subfolder, "type": kind}


def finished(outputs, status="success", *messages):
    messages = [["execution_start", {"prompt_id": PROMPT}], *messages]
    return {"prompt": [], "outputs": outputs, "status": {"status_str": status, "completed": True, "messages": messages}}


class Handler(BaseHTTPRequestHandler):
    """The routes that the script uses. `server.comfy` is the test's `Comfy`."""

    def do_GET(self):
        comfy, address = self.server.comfy, urlsplit(self.path)
        if comfy.page is not None:
            self.answer(comfy.page)
        elif address.path == "/queue":
            running = [[0, PROMPT, {}, {}, []]] if comfy.waits > 0 else []
            self.answer(json.dumps({"queue_running": running, "queue_pending": []}).encode())
        elif address.path == f"/history/{PROMPT}":
            comfy.waits -= 1
            done = comfy.waits < 0 and comfy.history
            self.answer(json.dumps({PROMPT: comfy.history} if done else {}).encode())
        elif address.path == "/view":
            file = dict(parse_qsl(address.query, keep_blank_values=True))
            content = comfy.files.get((file["subfolder"], file["filename"])) if file["type"] == "output" else None
            self.answer(content or b"", 404 if content is None else 200)
        else:
            self.answer(b"404: Not Found", 404)

    def do_POST(self):
        comfy, body = self.server.comfy, self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/upload/image":
            form = message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
            (part,) = form.get_payload()
            assert part.get_param("name", header="content-disposition") == "image"
            comfy.uploaded = part.get_filename(), part.get_payload(decode=True)
            self.answer(json.dumps({"name": "me (1).png", "subfolder": "", "type": "input"}).encode())
        elif comfy.refusal:
            self.answer(json.dumps(comfy.refusal).encode(), 400)
        else:
            comfy.queued = json.loads(body)
            self.answer(json.dumps({"prompt_id": PROMPT, "number": 1, "node_errors": {}}).encode())

    def answer(self, content, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Comfy:
    """What the server has and gets."""

    def __init__(self, address):
        self.address = address
        self.waits = 1  # questions before the workflow is done
        self.history = finished({})
        self.files = {}
        self.refusal = self.page = self.queued = self.uploaded = None


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.comfy = Comfy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.comfy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def comfy():
    with serving() as comfy:
        yield comfy


def run(tmp_path, address, *options, workflow=WORKFLOW):
    command = [sys.executable, str(SCRIPT), str(workflow), "--server", address, "--out", "made", *options]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)


def failure(*arguments, **keywords):
    """What the program says when it fails, which is never a traceback."""
    result = run(*arguments, **keywords)
    assert result.returncode == 1, result.stdout
    assert not result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


def test_files_that_a_workflow_saves_are_fetched(comfy, tmp_path):
    comfy.files = {("pastiche", "a_00001_.png"): b"one", ("", "a_00001_.png"): b"two", ("video", "ä b.mp4"): b"film"}
    pictures = [saved("a_00001_.png"), saved("a_00001_.png", ""), saved("preview.png", "", "temp")]
    comfy.history = finished(
        {
            "9": {"images": pictures},
            "10": {"text": ["a caption"]},
            "11": {"images": [saved("ä b.mp4", "video")], "animated": [True]},
        }
    )
    result = run(tmp_path, comfy.address + "/")
    assert result.returncode == 0, result.stderr
    written = [Path(line) for line in result.stdout.splitlines()]
    assert written == [Path("made/pastiche/a_00001_.png"), Path("made/a_00001_.png"), Path("made/video/ä b.mp4")]
    assert [(tmp_path / path).read_bytes() for path in written] == [b"one", b"two", b"film"]
    assert comfy.queued["prompt"] == json.loads(WORKFLOW.read_text(encoding="utf8"))


def test_a_photo_takes_the_place_of_the_one_that_ships(comfy, tmp_path):
    comfy.files, comfy.history = {("", "a.png"): b"one"}, finished({"9": {"images": [saved("a.png", "")]}})
    (tmp_path / "me.jpg").write_bytes(b"\xff\xd8 a photo\r\n\r\n")
    result = run(tmp_path, comfy.address, "--photo", "me.jpg")
    assert result.returncode == 0, result.stderr
    assert comfy.uploaded == ("me.jpg", b"\xff\xd8 a photo\r\n\r\n")
    nodes = comfy.queued["prompt"].values()
    assert [node["inputs"] for node in nodes if node["class_type"] == "LoadImage"] == [{"image": "me (1).png"}]
    assert not any(node["inputs"].get("picture") == "photo" for node in nodes)


def test_a_photo_without_a_place_is_refused(comfy, tmp_path):
    (tmp_path / "me.jpg").write_bytes(b"a photo")
    workflow = ROOT / "workflows" / "api" / "random_faces.json"
    assert "--photo has no place in" in failure(tmp_path, comfy.address, "--photo", "me.jpg", workflow=workflow)
    assert comfy.queued is None
    assert comfy.uploaded is None


def test_what_the_server_does_not_take_is_said_by_node(comfy, tmp_path):
    comfy.refusal = REFUSED
    said = failure(tmp_path, comfy.address).splitlines()
    assert said == [
        "ComfyUI refuses /prompt: Prompt outputs failed validation",
        "PasticheOneShotStyle: Value 0 smaller than min of 1 (steps)",
    ]


@pytest.mark.parametrize("nodes", [{}, []])
def test_what_the_server_does_not_take_as_a_whole(comfy, tmp_path, nodes):
    comfy.refusal = {"error": {"type": "no_prompt", "message": "No prompt provided", "details": ""}, "node_errors": nodes}
    assert failure(tmp_path, comfy.address) == "ComfyUI refuses /prompt: No prompt provided\n"


def test_a_node_that_fails(comfy, tmp_path):
    facts = {"node_id": "4", "node_type": "PasticheAlign", "exception_message": "the picture shows no face\n", "traceback": []}
    comfy.history = finished({}, "error", ["execution_error", facts])
    assert failure(tmp_path, comfy.address) == "PasticheAlign: the picture shows no face\n"
    assert not (tmp_path / "made").exists()


def test_a_workflow_that_is_cancelled(comfy, tmp_path):
    comfy.history = finished({}, "error", ["execution_interrupted", {"node_id": "4", "node_type": "PasticheOneShotStyle"}])
    assert failure(tmp_path, comfy.address) == "the workflow was cancelled while PasticheOneShotStyle ran\n"


def test_a_failure_without_a_reason(comfy, tmp_path):
    comfy.history = finished({}, "error")
    assert "ComfyUI's log says why" in failure(tmp_path, comfy.address)


def test_a_workflow_that_is_deleted_from_the_queue_ends_the_waiting(comfy, tmp_path):
    comfy.history = None
    assert "left the queue without being run" in failure(tmp_path, comfy.address)


def test_a_workflow_that_saves_nothing(comfy, tmp_path):
    comfy.history = finished({"9": {"images": [saved("preview.png", "", "temp")]}})
    assert "saved no file: add a node that does" in failure(tmp_path, comfy.address)


def test_a_file_that_is_gone(comfy, tmp_path):
    comfy.history = finished({"9": {"images": [saved("a.png")]}})
    assert "ComfyUI refuses /view?filename=a.png" in failure(tmp_path, comfy.address)


def test_no_server(tmp_path):
    with socket.socket() as free:  # bound, and not listening: nobody else gets the port
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        said = failure(tmp_path, address)
    assert re.match(rf"no ComfyUI answers at {address} \(.*refused.*\): start it, or set --server", said), said


def test_an_address_without_http(tmp_path):
    said = failure(tmp_path, "localhost:8188")
    assert said.startswith("no ComfyUI answers at localhost:8188")
    assert "http://HOST:PORT" in said


def test_another_server_at_that_address(comfy, tmp_path):
    comfy.page = b"<html>a router</html>"
    comfy.history = None
    assert f"{comfy.address} is no ComfyUI" in failure(tmp_path, comfy.address)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "workflow.json is no JSON file"),
        ("[]", "is not in API format: export the workflow with Export (API)"),
        ('{"nodes": [], "links": [], "version": 0.4}', "is not in API format: export the workflow with Export (API)"),
    ],
)
def test_a_file_that_is_no_workflow_in_api_format(comfy, tmp_path, content, said):
    (tmp_path / "workflow.json").write_text(content, encoding="utf8")
    assert said in failure(tmp_path, comfy.address, workflow="workflow.json")
    assert comfy.queued is None


def test_files_that_do_not_exist(comfy, tmp_path):
    assert "none.json" in failure(tmp_path, comfy.address, workflow="none.json")
    assert "none.jpg" in failure(tmp_path, comfy.address, "--photo", "none.jpg")
