"""Clips of coloured discs that stand for faces, and what finds them."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from torch import nn

from pastiche.faces import Box
from pastiche.faces.landmarks import shape_in
from pastiche.images import resize
from pastiche.jojogan import JoJoStyle, OneShot
from pastiche.latents import Latent
from pastiche.video import VideoNetworks

RED, GREEN = (220, 40, 40), (40, 180, 60)
SIDE = 30  # of a disc


def picture(discs, height=72, width=96, background=90):
    """uint8 ``[H, W, 3]``: a grey slope with discs ``(colour, x, y)``, each with darker eyes and mouth."""
    y, x = np.mgrid[:height, :width]
    pixels = np.repeat((background + 0.3 * x + 0.2 * y)[..., None], 3, axis=2)
    for colour, cx, cy in discs:
        inside = (x - cx) ** 2 + (y - cy) ** 2 < (SIDE / 2) ** 2
        pixels[inside] = colour
        for dx, dy in ((-6, -4), (6, -4), (0, 7)):
            pixels[((x - cx - dx) ** 2 + (y - cy - dy) ** 2 < 9) & inside] = np.array(colour) * 0.4
    return pixels.clip(0, 255).astype(np.uint8)


def write_clip(path, pictures, *, rate=Fraction(25), rotation=0, full=False, sound=True):
    """An .mp4 of pictures, with a tone as its sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "4"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.color_range = 2 if full else 1
        context.colorspace = context.color_primaries = context.color_trc = 1
        if rotation:
            stream.set_display_rotation(rotation)
        tone = container.add_stream("aac", rate=44100) if sound else None
        for pixels in pictures:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=2 if full else 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            wave = np.sin(np.arange(int(44100 * len(pictures) / rate)) / 20).astype(np.float32)[None]
            samples = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            samples.sample_rate = 44100
            container.mux(tone.encode(samples))
            container.mux(tone.encode())
    return path


def discs_in(image):
    """``(x, y, height)`` of the saturated discs of a picture ``[1, 3, H, W]``, the red one first."""
    pixels = image[0].permute(1, 2, 0).numpy()
    for channel in (0, 1):
        others = pixels[..., [c for c in range(3) if c != channel]].max(axis=2)
        y, x = np.nonzero(pixels[..., channel] - others > 0.35)
        if len(x) > 150:
            yield (x.min() + x.max()) / 2, (y.min() + y.max()) / 2, float(np.ptp(y) + 1)


def find_discs(image):
    """A detector."""
    return [Box.around(x, y, height) for x, y, height in discs_in(image)]


def disc_landmarks(image, box):
    """A landmarker: the mean face in the nearest disc, or where it was if none is near."""
    near = [
        (x, y, height) for x, y, height in discs_in(image) if np.hypot(x - box.centre[0], y - box.centre[1]) < 0.8 * box.side
    ]
    x, y, height = near[0] if near else (*box.centre, box.side)
    return torch.from_numpy(shape_in(Box.around(x, y, height)))


class MeanColour(nn.Module):
    """An encoder that sees a coarse copy of the crop."""

    def __init__(self, layers, dim):
        super().__init__()
        torch.manual_seed(5)
        self.codes = nn.Linear(48, layers * dim)
        self.shape = layers, dim

    def forward(self, images):
        return Latent(self.codes(resize(images, 4, "area").flatten(1)).unflatten(1, self.shape), "w+")


@pytest.fixture(scope="session")
def networks(small_generator):
    generator = small_generator(32)
    encoder = MeanColour(generator.num_layers, generator.latent_dim).eval().requires_grad_(False)
    return VideoNetworks(generator=generator, encoder=encoder, detector=find_discs, landmarker=disc_landmarks)


@pytest.fixture(scope="session")
def style(small_generator):
    return JoJoStyle(small_generator(32), small_generator(32, seed=3), OneShot())
