"""The nodes for videos, without ComfyUI."""

import importlib

import av
import numpy as np
import pytest
import torch


class Clip:
    """As ComfyUI's VideoFromFile."""

    def __init__(self, path, duration=None):
        self.path, self.duration, self.saved = path, duration, []

    def get_stream_source(self):
        return str(self.path)

    def get_duration(self):
        if self.duration is not None:
            return self.duration
        with av.open(str(self.path)) as container:
            return container.duration / av.time_base

    def save_to(self, path):
        self.saved.append(path)
        with av.open(str(self.path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        write(path, frames[: round(self.duration * 25)])


def write(path, frames):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")))
        container.mux(stream.encode())


def frames_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture
def clip(photo, tmp_path):
    """The photograph that ships, moved by two pixels from frame to frame."""
    part = (photo[0, :300, 90:350].numpy() * 255).astype(np.uint8)
    write(tmp_path / "clip.mp4", [np.ascontiguousarray(part[:256, 2 * n : 2 * n + 240]) for n in range(4)])
    return Clip(tmp_path / "clip.mp4")


@pytest.fixture
def plain_style(demo, part, engine):
    """A style that changes nothing but the amount of red."""
    jojo = importlib.import_module(f"{engine.__name__}.jojogan")
    from copy import deepcopy

    with torch.inference_mode(False):
        tuned = deepcopy(demo.generator)
        with torch.no_grad():
            tuned.to_rgbs[-1].bias[:, 0] += 0.7
    return part("sockets").StyledNetworks.of(jojo.JoJoStyle(demo.generator, tuned, jojo.OneShot()), demo)


def test_a_video_is_drawn_in_a_style(run, demo, clip, plain_style):
    (made,) = run(
        "StylizeVideo",
        video=clip,
        style=plain_style,
        generator=demo,
        strength=1.0,
        likeness=0.0,
        people=2,
        region="oval",
        match_color=False,
    )
    before, after = frames_of(clip.path), frames_of(made.get_stream_source())
    assert len(after) == len(before) == 4
    assert np.abs(after[2].astype(int) - before[2]).mean() > 5
    assert not clip.saved


def test_a_video_of_images_that_comfyui_cannot_stream_is_written_to_a_file(part, clip):
    comfy = part("comfy")

    class MadeOfImages(Clip):
        """As ComfyUI 0.3.64's VideoFromComponents."""

        def get_stream_source(self):
            raise ValueError("Could not determine output format")

    made = MadeOfImages(clip.path, duration=4 / 25)
    with comfy.streamed(made) as source:
        assert made.saved == [source]
        assert len(frames_of(source)) == 4


def test_a_trimmed_video_is_cut_before_it_is_read(part, clip):
    comfy = part("comfy")
    clip.duration = 0.08  # two of four frames
    with comfy.streamed(clip) as source:
        assert len(frames_of(source)) == 2
        assert source != str(clip.path)
    assert clip.saved == [source]
    assert not importlib.import_module("pathlib").Path(source).exists()


def test_a_cancelled_video_goes_on_from_there(run, part, demo, clip, plain_style, monkeypatch, tmp_path):
    comfy = part("comfy")
    monkeypatch.setattr(comfy.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    given = {"video": clip, "style": plain_style, "generator": demo, "likeness": 0.0, "people": 2}
    given |= {"region": "oval", "match_color": False}
    looks = []

    def cancel():
        looks.append(1)
        if len(looks) > 4:
            raise InterruptedError

    with monkeypatch.context() as pressed:
        pressed.setattr(comfy, "check_interrupted", cancel)
        with pytest.raises(InterruptedError):
            run("StylizeVideo", **given, strength=1.0)
    (begun,) = (tmp_path / "temporary").glob("*.work")
    (made,) = run("StylizeVideo", **given, strength=1.0)
    assert f"{made.get_stream_source()}.work" == str(begun)
    assert not begun.exists()
    (other,) = run("StylizeVideo", **given, strength=0.5)
    assert other.get_stream_source() != made.get_stream_source()
