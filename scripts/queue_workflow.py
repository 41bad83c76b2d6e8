"""Run a workflow on a ComfyUI server from another program, and save its pictures. Needs nothing but Python.

    python scripts/queue_workflow.py workflows/api/one_shot_style.json --photo me.jpg --out results

The file is a workflow in API format: those in workflows/api, or any that ComfyUI's page has exported ("Export (API)").
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

PAUSE = 0.5  # seconds between two questions
TIMEOUT = 60  # seconds without an answer; ComfyUI answers while it works


class Server:
    """A running ComfyUI."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def queue(self, workflow: dict[str, Any]) -> str:
        """Put a workflow at the end of the queue; gives its id."""
        body = json.dumps({"prompt": workflow, "client_id": uuid.uuid4().hex}).encode()
        return str(self._facts("/prompt", body, "application/json")["prompt_id"])

    def wait(self, prompt: str) -> dict[str, Any]:
        """What came of it, when it is done.

        Raises:
            RuntimeError: it left the queue without being run.
        """
        while True:
            queued = self._is_queued(prompt)  # asked first: between the two questions it may only become done
            history = self._facts(f"/history/{prompt}")
            if prompt in history:
                return dict(history[prompt])
            if not queued:
                raise RuntimeError("the workflow left the queue without being run: it was deleted, or ComfyUI started anew")
            time.sleep(PAUSE)

    def upload(self, photo: Path) -> str:
        """Put a picture into ComfyUI's input folder; gives its name there."""
        mark, name = uuid.uuid4().hex, photo.name.replace('"', "%22")  # as browsers quote it
        head = f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
        body = head.encode() + photo.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        return str(self._facts("/upload/image", body, f"multipart/form-data; boundary={mark}")["name"])

    def fetch(self, file: dict[str, str]) -> bytes:
        """A file that the workflow wrote."""
        return self._ask("/view?" + urlencode(file))

    def _is_queued(self, prompt: str) -> bool:
        queue = self._facts("/queue")
        return any(entry[1] == prompt for entry in queue["queue_running"] + queue["queue_pending"])

    def _facts(self, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        answer = self._ask(path, body, kind)
        try:
            return dict(json.loads(answer))
        except ValueError as error:
            raise RuntimeError(f"{self.address} is no ComfyUI: {path} answers {answer[:40]!r}; set --server") from error

    def _ask(self, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        try:
            request = Request(self.address + path, body, {"Content-Type": kind} if kind else {})  # noqa: S310 (the user's own server)
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return bytes(answer.read())
        except HTTPError as error:
            raise RuntimeError(f"ComfyUI refuses {path}: {refusal(error.read())}") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise RuntimeError(
                f"no ComfyUI answers at {self.address} ({reason}): start it, or set --server to its address, http://HOST:PORT"
            ) from error


def refusal(answer: bytes) -> str:
    """What an answer that refuses a request says, a line for each widget or input that is wrong."""
    text = answer.decode(errors="replace")
    try:
        facts = json.loads(text)
        nodes = (facts["node_errors"] or {}).values()
        errors = [f"{node['class_type']}: {in_words(error)}" for node in nodes for error in node["errors"]]
        return "\n".join([in_words(facts["error"]), *errors])
    except (ValueError, LookupError, TypeError, AttributeError):  # not the form that ComfyUI's checks have
        return text


def in_words(error: dict[str, Any]) -> str:
    """An error of ComfyUI's checks, with what it was found in."""
    return f"{error['message']} ({error['details']})" if error["details"] else str(error["message"])


def read_workflow(path: Path) -> dict[str, Any]:
    """A workflow in API format.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        workflow = json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON file ({error}): give a workflow that was exported with Export (API)") from error
    nodes = workflow.values() if isinstance(workflow, dict) else [None]
    if not all(isinstance(node, dict) and "class_type" in node and "inputs" in node for node in nodes):
        raise ValueError(f"{path} is not in API format: export the workflow with Export (API), not with Save or Export")
    return dict(workflow)


def has_photo(node: dict[str, Any]) -> bool:
    """Whether a node gives the photo that ships."""
    return bool(node["class_type"] == "PasticheExamplePicture" and node["inputs"].get("picture") == "photo")


def with_photo(workflow: dict[str, Any], name: str) -> dict[str, Any]:
    """The workflow with an uploaded picture in the place of the photo that ships."""
    load = {"class_type": "LoadImage", "inputs": {"image": name}}
    return {key: load if has_photo(node) else node for key, node in workflow.items()}


def problem(history: dict[str, Any]) -> str | None:
    """Why a workflow failed; None if it did not."""
    for event, facts in history["status"]["messages"]:
        if event == "execution_error":
            return f"{facts['node_type']}: {facts['exception_message'].strip()}"
        if event == "execution_interrupted":
            return f"the workflow was cancelled while {facts['node_type']} ran"
    return None if history["status"]["status_str"] == "success" else "the workflow failed; ComfyUI's log says why"


def run(server: Server, workflow: dict[str, Any], out: Path) -> list[Path]:
    """Queue, wait, and save what was made.

    Raises:
        RuntimeError: the workflow failed; says why.
    """
    history = server.wait(server.queue(workflow))
    reason = problem(history)
    if reason:
        raise RuntimeError(reason)
    found = [file for result in history["outputs"].values() for files in result.values() for file in files]
    saved = [file for file in found if isinstance(file, dict) and file.get("type") == "output"]
    if not saved:
        raise RuntimeError("the workflow ran, but saved no file: add a node that does, such as Save Image")
    written = []
    for file in saved:
        path = out / file["subfolder"] / file["filename"]
        content = server.fetch({key: file[key] for key in ("filename", "subfolder", "type")})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workflow", type=Path, help="in API format")
    parser.add_argument("--photo", type=Path, help="a picture in the place of the photo that ships")
    parser.add_argument("--out", type=Path, default=Path("results"), help="a folder for the results")
    parser.add_argument("--server", default="http://127.0.0.1:8188", help="where ComfyUI runs")
    arguments = parser.parse_args()
    server = Server(arguments.server)
    try:
        workflow = read_workflow(arguments.workflow)
        if arguments.photo:
            if not any(map(has_photo, workflow.values())):
                raise ValueError(f"--photo has no place in {arguments.workflow}: no node gives the photo that ships")
            workflow = with_photo(workflow, server.upload(arguments.photo))
        for path in run(server, workflow, arguments.out):
            sys.stdout.write(f"{path}\n")
    except (RuntimeError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
