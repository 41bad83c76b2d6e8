"""Write workflows/NAME.jpg: four pictures of a workflow, drawn by running it without ComfyUI.

    python scripts/make_thumbnails.py blendgan_style dualstylegan_style agilegan_style

They are, as far as the workflow has them: the photo's face, the references, what is previewed, and what is saved.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import torch
from make_workflows import ROOT, load_pack
from PIL import Image

SIDE, QUALITY = 200, 88
SHOWN = ("PasticheAlignFaces", "PasticheExamplePicture", "PreviewImage", "SaveImage")  # in this order


def run(workflow: dict[str, Any], nodes: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The outputs of every node by number; for nodes of ComfyUI that show or save pictures, their input."""
    done: dict[str, tuple[Any, ...]] = {}
    with torch.inference_mode():
        for key, node in workflow.items():  # written so that each follows those that it needs
            inputs = {
                name: done[given[0]][given[1]] if isinstance(given, list) else given for name, given in node["inputs"].items()
            }
            if node["class_type"] not in nodes:
                done[key] = (inputs["images"],)
                continue
            result = nodes[node["class_type"]]().execute(**inputs)
            done[key] = result["result"] if isinstance(result, dict) else result
    return done


def pictures(workflow: dict[str, Any], done: dict[str, tuple[Any, ...]]) -> list[Image.Image]:
    """The pictures of a thumbnail."""
    ordered = sorted(workflow, key=lambda key: SHOWN.index(kind) if (kind := workflow[key]["class_type"]) in SHOWN else 99)
    chosen = [
        key for key in ordered if workflow[key]["class_type"] in SHOWN and workflow[key]["inputs"].get("picture") != "photo"
    ]
    found = []
    for key in chosen:
        pixels = done[key][0][0].clamp(0, 1).mul(255).round().byte().cpu().numpy()
        found.append(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return found[:4]


def main() -> None:
    """Draw those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="workflows, such as blendgan_style")
    nodes = load_pack().NODE_CLASS_MAPPINGS
    for name in parser.parse_args().names:
        workflow = json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf8"))
        page = Image.new("RGB", (2 * SIDE, 2 * SIDE), "white")
        for index, picture in enumerate(pictures(workflow, run(workflow, nodes))):
            page.paste(picture, (index % 2 * SIDE, index // 2 * SIDE))
        page.save(ROOT / "workflows" / f"{name}.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
