"""A small executor of workflows in API format: what ComfyUI's own does, without a server."""

import av
import numpy as np
import torch
from PIL import Image


def save_image(images, filename_prefix):
    assert images.ndim == 4
    assert images.shape[-1] == 3
    assert images.isfinite().all()
    return ()


def stitched(image1, direction, match_image_size, spacing_width, spacing_color, image2):
    assert direction == "right"
    assert image1.shape[1] == image2.shape[1]
    gap = torch.ones(image1.shape[0], image1.shape[1], spacing_width, 3)
    return (torch.cat([image1, gap, image2], dim=2),)


class Film:
    """As ComfyUI's VideoFromComponents."""

    def __init__(self, images, fps):
        self.images, self.fps = images, fps

    def save_to(self, path):
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=round(self.fps))
            stream.height, stream.width = self.images.shape[1:3]
            stream.pix_fmt = "yuv420p"
            for image in (self.images * 255).round().byte().numpy():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")))
            container.mux(stream.encode())


def save_video(video, filename_prefix, format, codec):  # noqa: A002
    if isinstance(video, Film):
        return save_image(video.images, filename_prefix)
    with av.open(video.get_stream_source()) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert len(frames) > 1
    assert frames.std() > 5
    return ()


# Nodes of ComfyUI that workflows use.
CORE = {
    "SaveImage": save_image,
    "PreviewImage": lambda images: save_image(images, ""),
    "ImageBatch": lambda image1, image2: (torch.cat([image1, image2]),),
    "ImageStitch": stitched,
    "MaskToImage": lambda mask: (mask[..., None].expand(-1, -1, -1, 3),),
    "CreateVideo": lambda images, fps: (Film(images, fps),),
    "SaveVideo": save_video,
}
ENDS = ("SaveImage", "PreviewImage", "SaveVideo", "PasticheModelInfo", "PasticheSaveStyle", "PasticheSaveLatent")


def check(pack, workflow):
    """What ComfyUI checks before it runs anything; gives complaints."""
    problems = []
    for key, node in workflow.items():
        kind, inputs = node["class_type"], node["inputs"]
        if kind not in pack.NODE_CLASS_MAPPINGS:
            assert kind in CORE, kind
            continue
        owner = pack.NODE_CLASS_MAPPINGS[kind]
        types = owner.INPUT_TYPES()
        known = {**types["required"], **types.get("optional", {})}
        problems += [f"{key} {kind}: {name} is missing" for name in types["required"] if name not in inputs]
        problems += [f"{key} {kind}: {name} is unknown" for name in inputs if name not in known]
        problems += [
            text for name, value in inputs.items() if (text := _wrong(pack, workflow, owner, known[name], name, value))
        ]
    return problems


def _wrong(pack, workflow, owner, declared, name, value):
    kind, facts = declared
    if isinstance(value, list):
        source = workflow[value[0]]["class_type"]
        if source in pack.NODE_CLASS_MAPPINGS:
            given = pack.NODE_CLASS_MAPPINGS[source].RETURN_TYPES[value[1]]
            return None if given == kind else f"{name} takes {kind}, not {given}"
        return None
    if isinstance(kind, list):
        free = hasattr(owner, "VALIDATE_INPUTS")
        return None if free or value in kind else f"{name}: {value} is none of {kind}"
    if kind in ("INT", "FLOAT"):
        return None if facts["min"] <= value <= facts["max"] else f"{name}: {value} is out of range"
    return None


def execute(pack, workflow, changes=None):
    """Run a workflow; gives the outputs of all its nodes by number.

    Args:
        changes: values for widgets by node id, such as fewer steps.
    """
    done = {}

    def value(given):
        return output(given[0])[given[1]] if isinstance(given, list) else given

    def output(key):
        if key not in done:
            node = workflow[key]
            kind = node["class_type"]
            inputs = {name: value(given) for name, given in node["inputs"].items()}
            if kind in CORE:
                done[key] = CORE[kind](**inputs)
            else:
                result = pack.NODE_CLASS_MAPPINGS[kind]().execute(**{**inputs, **(changes or {}).get(kind, {})})
                done[key] = result["result"] if isinstance(result, dict) else result
        return done[key]

    with torch.inference_mode():
        for key in workflow:
            output(key)
    return done


def as_picture(image):
    """One picture of an IMAGE, to look at."""
    return Image.fromarray((image[0].numpy() * 255).round().astype(np.uint8))
