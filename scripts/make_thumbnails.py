"""Write workflows/NAME.jpg: four pictures of a workflow, drawn by running it without ComfyUI.

    python scripts/make_thumbnails.py blendgan_style dualstylegan_style agilegan_style

They are, as far as the workflow has them: the photo's face, the references, what is previewed, and what is saved. Where these
are fewer, more of what is saved follows. What the workflow writes goes into a temporary folder.
The log says how long each ran.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, ImageOps
from run_locally import execute
from torch import Tensor
from workflow_graphs import ROOT, load_pack

log = logging.getLogger(__name__)

SIDE, QUALITY, COUNT = 200, 88, 4
SHOWN = ("PasticheAlignFaces", "PasticheExamplePicture", "PreviewImage", "SaveImage", "SaveVideo")  # in this order


def shown(workflow: Mapping[str, Any], done: Mapping[str, tuple[Any, ...]]) -> list[Tensor]:
    """The IMAGEs that a thumbnail draws from, without the photo, whose face is there already."""
    known = [key for key in workflow if workflow[key]["class_type"] in SHOWN]
    ordered = sorted(known, key=lambda key: SHOWN.index(workflow[key]["class_type"]))
    return [done[key][0] for key in ordered if workflow[key]["inputs"].get("picture") != "photo"]


def pictures(batches: Sequence[Tensor]) -> list[Image.Image]:
    """Up to `COUNT` different ones: the first image of each batch, the last batch's always, then more of the last batch."""
    firsts = drawn([batch[0] for batch in batches])
    chosen = [*firsts[: COUNT - 1], firsts[-1]] if len(firsts) > COUNT else firsts
    more = drawn([*batches[-1][1:].flip(0)])
    return list({image.tobytes(): image for image in [*chosen, *more]}.values())[:COUNT]


def drawn(images: Sequence[Tensor]) -> list[Image.Image]:
    """Images ``[H, W, 3]`` in [0, 1] as small squares, each once."""
    whole = [Image.fromarray(image.clamp(0, 1).mul(255).round().byte().cpu().numpy()) for image in images]
    small = [ImageOps.pad(image, (SIDE, SIDE), Image.Resampling.LANCZOS, color="white") for image in whole]
    return list({image.tobytes(): image for image in small}.values())


def main() -> None:
    """Draw those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="workflows, such as blendgan_style")
    names = parser.parse_args().names
    logging.basicConfig(level=logging.INFO)
    nodes = load_pack().NODE_CLASS_MAPPINGS
    for name in names:
        workflow = json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf8"))
        with TemporaryDirectory() as folder:
            os.chdir(folder)  # where nodes write without ComfyUI
            start = time.perf_counter()
            done = execute(nodes, workflow)
            log.info("%s: %.0f s", name, time.perf_counter() - start)
            os.chdir(ROOT)
        page = Image.new("RGB", (2 * SIDE, 2 * SIDE), "white")
        for index, picture in enumerate(pictures(shown(workflow, done))):
            page.paste(picture, (index % 2 * SIDE, index // 2 * SIDE))
        page.save(ROOT / "workflows" / f"{name}.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
