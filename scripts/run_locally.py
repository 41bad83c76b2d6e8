"""Runs a workflow in API format without ComfyUI: the extension's nodes, and stand-ins for ComfyUI's that the workflows use.

from run_locally import execute
done = execute(load_pack().NODE_CLASS_MAPPINGS, workflow)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import av
import numpy as np
import torch
from torch import Tensor

__all__ = ["CORE", "execute"]

Outputs = tuple[Any, ...]


class Film:
    """A VIDEO of images, as ComfyUI's VideoFromComponents."""

    def __init__(self, images: Tensor, fps: float) -> None:
        self.images, self.fps = images, fps

    def save_to(self, path: str) -> None:
        """Write it as H.264."""
        with av.open(path, "w") as container:
            stream = container.add_stream("libx264", rate=round(self.fps))
            stream.height, stream.width = self.images.shape[1:3]
            stream.pix_fmt = "yuv420p"
            for image in (self.images * 255).round().byte().numpy():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")))
            container.mux(stream.encode())


def frames_of(video: Any) -> Tensor:
    """The images ``[N, H, W, 3]`` of a VIDEO."""
    if isinstance(video, Film):
        return video.images
    with av.open(video.get_stream_source()) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return torch.from_numpy(np.stack(frames)).float() / 255


def stitched(
    *, image1: Tensor, image2: Tensor, direction: str, match_image_size: bool, spacing_width: int, spacing_color: str
) -> Outputs:
    """Two IMAGEs of one height beside each other.

    Raises:
        NotImplementedError: something else is asked for.
    """
    del match_image_size
    if direction != "right" or spacing_color != "white" or image1.shape[1] != image2.shape[1]:
        raise NotImplementedError("ImageStitch stands here only for two images of one height, to the right, on white")
    gap = image1.new_ones(image1.shape[0], image1.shape[1], spacing_width, 3)
    return (torch.cat([image1, gap, image2], dim=2),)


CORE: dict[str, Callable[..., Outputs]] = {
    "SaveImage": lambda images, filename_prefix: (images,),
    "PreviewImage": lambda images: (images,),
    "ImageBatch": lambda image1, image2: (torch.cat([image1, image2]),),
    "ImageStitch": stitched,
    "MaskToImage": lambda mask: (mask[..., None].expand(-1, -1, -1, 3),),
    "CreateVideo": lambda images, fps: (Film(images, fps),),
    "SaveVideo": lambda video, filename_prefix, format, codec: (frames_of(video),),  # noqa: A006
}
"""Nodes of ComfyUI; those that show or save give the images that they got."""


def execute(
    nodes: Mapping[str, Any], workflow: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Outputs]:
    """Run a workflow: the outputs of every node, by its number.

    Args:
        nodes: the classes of the extension, by type.
        workflow: in API format.
        changes: values for widgets, by type, such as fewer steps.

    Raises:
        KeyError: a node is neither in `nodes` nor in `CORE`.
    """
    done: dict[str, Outputs] = {}

    def value(given: Any) -> Any:
        return output(given[0])[given[1]] if isinstance(given, list) else given

    def output(key: str) -> Outputs:
        if key not in done:
            kind, inputs = workflow[key]["class_type"], workflow[key]["inputs"]
            given = {name: value(what) for name, what in inputs.items()} | dict((changes or {}).get(kind, {}))
            result = nodes[kind]().execute(**given) if kind in nodes else CORE[kind](**given)
            done[key] = result["result"] if isinstance(result, dict) else result
        return done[key]

    with torch.inference_mode():
        for key in workflow:
            output(key)
    return done
