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
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

PAUSE = 0.5  # seconds between two questions


class Server:
    """A running ComfyUI."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def queue(self, workflow: dict[str, Any]) -> str:
        """Put a workflow at the end of the queue; gives its id."""
        body = json.dumps({"prompt": workflow, "client_id": uuid.uuid4().hex}).encode()
        return str(json.loads(self._ask("/prompt", body, "application/json"))["prompt_id"])

    def wait(self, prompt: str) -> dict[str, Any]:
        """What came of it, when it is done."""
        while True:
            history = json.loads(self._ask(f"/history/{prompt}"))
            if prompt in history:
                return dict(history[prompt])
            time.sleep(PAUSE)

    def upload(self, photo: Path) -> str:
        """Put a picture into ComfyUI's input folder; gives its name there."""
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="{photo.name}"\r\n\r\n'
        body = head.encode() + photo.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        return str(json.loads(self._ask("/upload/image", body, f"multipart/form-data; boundary={mark}"))["name"])

    def fetch(self, file: dict[str, str]) -> bytes:
        """A file that the workflow wrote."""
        return self._ask("/view?" + urlencode(file))

    def _ask(self, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        headers = {"Content-Type": kind} if kind else {}
        with urlopen(Request(self.address + path, body, headers)) as answer:  # noqa: S310 (the user's own server)
            return bytes(answer.read())


def with_photo(workflow: dict[str, Any], name: str) -> dict[str, Any]:
    """The workflow with an uploaded picture in the place of the photo that is bundled."""

    def replaced(node: dict[str, Any]) -> dict[str, Any]:
        if node["class_type"] == "PasticheExamplePicture" and node["inputs"]["picture"] == "photo":
            return {"class_type": "LoadImage", "inputs": {"image": name}}
        return node

    return {key: replaced(node) for key, node in workflow.items()}


def problem(history: dict[str, Any]) -> str | None:
    """Why a workflow failed; None if it did not."""
    for event, facts in history["status"]["messages"]:
        if event == "execution_error":
            return f"{facts['node_type']}: {facts['exception_message'].strip()}"
        if event == "execution_interrupted":
            return "it was cancelled"
    return None


def run(server: Server, workflow: dict[str, Any], out: Path) -> list[Path]:
    """Queue, wait, and save what was made.

    Raises:
        RuntimeError: the workflow failed; says why.
    """
    history = server.wait(server.queue(workflow))
    reason = problem(history)
    if reason:
        raise RuntimeError(reason)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for result in history["outputs"].values():
        for files in result.values():
            for file in files:
                if isinstance(file, dict) and file.get("type") == "output":
                    path = out / file["filename"]
                    path.write_bytes(server.fetch({key: file[key] for key in ("filename", "subfolder", "type")}))
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
        workflow = json.loads(arguments.workflow.read_text(encoding="utf8"))
        if arguments.photo:
            workflow = with_photo(workflow, server.upload(arguments.photo))
        for path in run(server, workflow, arguments.out):
            sys.stdout.write(f"{path}\n")
    except HTTPError as error:
        sys.stderr.write(f"ComfyUI refuses it: {error.read().decode(errors='replace')}\n")
        return 1
    except (URLError, RuntimeError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
