"""The nodes for ComfyUI's videos: faces in a style, and a photo that moves as a video does. Frames are streamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import comfy
from .faces import REGIONS
from .inputs import Table, choice, integer, number, socket, switch
from .node import Node
from .paths import model_folders
from .pictures import from_comfy
from .sockets import BATCH, ENCODER, GENERATOR, STYLE, Networks, StyledNetworks, drawing, learning
from .tune import tuning

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine.video import VideoNetworks

__all__ = ["DriveFace", "StylizeVideo"]

ENCODER_TIP = "The encoder for this generator. If not connected, the encoder in the generator's file is used."
LIKENESS_TIP = "0 to 1: how much of the people stays. Above 0, the generator is tuned once to {}, which takes minutes on a CPU."


class StylizeVideo(Node):
    """Stylize Video."""

    CATEGORY = "Pastiche/video"
    DESCRIPTION = (
        "Draws the faces of a video in a style. People are followed over time, and everything is smoothed, so that nothing "
        "flickers. Sound, frame rate and colours stay. Frames are read one by one, so a video may have any length."
    )
    RETURN_TYPES = ("VIDEO",)
    RETURN_NAMES = ("video",)
    OUTPUT_TOOLTIPS = ("The video, for Save Video.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "video": socket("VIDEO", "A video with faces that look at the camera."),
                "style": socket(STYLE, "A style of any method, made with the generator."),
                "generator": socket(GENERATOR, "The generator that the style was made with."),
                "strength": number(1.0, 0, 1, "0 to 1: 0 is the faces without the style, 1 the full style."),
                "likeness": number(0.0, 0, 1, LIKENESS_TIP.format("faces from the whole video")),
                "people": integer(8, 1, 64, "1 to 64: how many people are drawn, those who fill the most of the video first."),
                "region": choice(
                    REGIONS,
                    "What is put back: face, the face behind the video's own hair; head, the head with its new hair; oval; "
                    "square, all of the crop.",
                ),
                "match_color": switch(False, "Keep the video's light: the drawings take the tone of the video's skin."),
            },
            "optional": {"encoder": socket(ENCODER, ENCODER_TIP)},
        }

    def run(
        self,
        video: Any,
        style: StyledNetworks,
        generator: Networks,
        strength: float,
        likeness: float,
        people: int,
        region: Any,
        match_color: bool,
        encoder: Networks | None = None,
    ) -> tuple[Any]:
        """Write the video to ComfyUI's folder of temporary files."""
        from ..engine.video import VideoSettings, job_of, stylize_video

        networks = video_networks(generator, encoder, likeness, style)
        settings = VideoSettings(
            strength=strength,
            likeness=likeness,
            tuning=tuning(generator, 0),
            faces=people,
            region=region,
            match_color=match_color,
            batch=BATCH,
        )
        try:
            with comfy.streamed(video) as source:
                path = comfy.temporary_file(".mp4", job_of(source, style.style, networks, settings))
                stylize_video(source, path, style.style, networks, settings, phases=phases)
        finally:  # also when the user cancels
            comfy.release()
        return (comfy.video_of(path),)


class DriveFace(Node):
    """Drive Face."""

    CATEGORY = "Pastiche/video"
    DESCRIPTION = (
        "Lets the face of a photo move as the largest face of a video does (motion retargeting): the code of the photo plus "
        "what changes in the video since its first frame. The result has the video's sound."
    )
    RETURN_TYPES = ("VIDEO",)
    RETURN_NAMES = ("video",)
    OUTPUT_TOOLTIPS = ("The moving photo, for Save Video.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "video": socket("VIDEO", "The video whose motion is used. It best begins with a calm, frontal face."),
                "image": socket("IMAGE", "The photo whose face is to move; a batch's first."),
                "generator": socket(GENERATOR, "The generator that draws the face."),
                "strength": number(1.0, 0, 1, "0 to 1: 0 is the face without the style, 1 the full style."),
                "likeness": number(0.6, 0, 1, LIKENESS_TIP.format("the photo")),
                "region": choice(
                    ("head", "face", "oval", "square"),
                    "What is put into the photo: head, the head with its hair; face, the face behind the photo's own hair; "
                    "oval; square, all of the crop. An aligned photo is replaced as a whole.",
                ),
            },
            "optional": {
                "encoder": socket(ENCODER, ENCODER_TIP),
                "style": socket(STYLE, "Optional: draws the face in a style of this generator."),
            },
        }

    def run(
        self,
        video: Any,
        image: Tensor,
        generator: Networks,
        strength: float,
        likeness: float,
        region: Any,
        encoder: Networks | None = None,
        style: StyledNetworks | None = None,
    ) -> tuple[Any]:
        """Write the video to ComfyUI's folder of temporary files."""
        from .. import engine as pastiche
        from ..engine.video import VideoSettings, drive_face, job_of

        networks = video_networks(generator, encoder, likeness, style)
        settings = VideoSettings(strength=strength, likeness=likeness, tuning=tuning(generator, 0), region=region, batch=BATCH)
        photo = from_comfy(image)[:1]
        face = pastiche.align(photo, generator.generator.resolution, limit=1)[0]
        onto = None if face.is_whole else photo
        drawn_in = None if style is None else style.style
        pictures = [face.crop] if onto is None else [face.crop, onto]
        try:
            with comfy.streamed(video) as source:
                path = comfy.temporary_file(".mp4", job_of(source, drawn_in, networks, settings, pictures=pictures))
                drive_face(source, path, face, networks, settings, photo=onto, style=drawn_in, phases=phases)
        finally:  # also when the user cancels
            comfy.release()
        return (comfy.video_of(path),)


def video_networks(
    generator: Networks, encoder: Networks | None, likeness: float, style: StyledNetworks | None
) -> VideoNetworks:
    """The networks for a video, on ComfyUI's device, together with those of the style.

    Args:
        style: an AgileGAN's knows the face generator that it was fine-tuned from.

    Raises:
        LatentError: there is no encoder.
        CheckpointError: a likeness is asked for, and there is nothing to compare images with.
    """
    from ..engine import CheckpointError, LatentError
    from ..engine.agilegan import AttributeStyle
    from ..engine.losses.perceptual import find_lpips
    from ..engine.video import VideoNetworks

    owner = generator if encoder is None else encoder
    if owner.checkpoint.encoder is None:
        raise LatentError(
            f"{owner.checkpoint.source} has no encoder, and the faces of every frame go through one: connect Load Face Encoder"
        )
    lpips = find_lpips(model_folders()) if likeness else None
    discriminator = generator.checkpoint.discriminator if likeness and lpips is None else None
    if likeness and lpips is None and discriminator is None:
        raise CheckpointError(
            f"{generator.checkpoint.source} has no discriminator, and the tuning needs one to compare images: set likeness to "
            "0, or put the two files of LPIPS into models/pastiche"
        )
    side = generator.generator.resolution
    memory = learning(side) if likeness else drawing(side, BATCH)
    slots = ("generator", "discriminator", "encoder") if likeness else ("generator", "encoder")
    device = generator.ready(*slots, beside=(owner, style), memory=memory)
    return VideoNetworks(
        generator=generator.generator,
        encoder=owner.checkpoint.encoder,
        discriminator=discriminator,
        lpips=None if lpips is None else lpips.to(device),
        source=style.style.source if style is not None and isinstance(style.style, AttributeStyle) else None,
    )


@contextmanager
def phases(_name: str) -> Iterator[Any]:
    """A progress bar for each step of the work."""
    yield comfy.ProgressReporter()
