"""Films in files."""

import builtins
import sys

import av
import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from pastiche.editing import write_film
from pastiche.errors import ImageError


def colours(count=8, height=32, width=48):
    """Frames of one colour each, which no encoder can miss; in batches of two."""
    rng = torch.Generator().manual_seed(0)
    values = torch.rand(count, 3, 1, 1, generator=rng) * 1.6 - 0.8
    return values.expand(-1, -1, height, width), values.expand(-1, -1, height, width).split(2)


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        facts = stream.codec_context.name, stream.codec_context.pix_fmt, stream.average_rate
        return facts, np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def as_bytes(frames):
    return ((frames + 1) * 127.5).permute(0, 2, 3, 1).numpy()


def test_mp4(tmp_path):
    frames, batches = colours()
    assert write_film(tmp_path / "film.mp4", batches, 25) == 8
    facts, found = decoded(tmp_path / "film.mp4")
    assert facts == ("h264", "yuv420p", 25)
    assert found.shape == (8, 32, 48, 3)
    assert np.abs(found - as_bytes(frames)).max() < 6


def test_mp4_colours_are_bt709(tmp_path):
    """Players take untagged small films for BT.601, and greens shift."""
    _, batches = colours()
    write_film(tmp_path / "film.mp4", batches)
    with av.open(str(tmp_path / "film.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)


def test_mp4_of_odd_sides(tmp_path):
    frames, batches = colours(height=33, width=47)
    write_film(tmp_path / "film.mp4", batches)
    _, found = decoded(tmp_path / "film.mp4")
    assert found.shape == (8, 34, 48, 3)
    assert np.abs(found[:, :33, :47] - as_bytes(frames)).max() < 6


@pytest.mark.parametrize(("suffix", "fps", "length"), [(".gif", 30, 270), (".webp", 30, 267), (".GIF", 50, 160)])
def test_animations(tmp_path, suffix, fps, length):
    frames, batches = colours()
    path = tmp_path / f"film{suffix}"
    assert write_film(path, batches, fps) == 8
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        found, times = [], []
        for frame in ImageSequence.Iterator(film):
            found.append(np.asarray(frame.convert("RGB"), dtype=np.float32))
            times.append(frame.info["duration"])
    assert len(found) == 8
    assert sum(times) == length
    assert np.abs(np.stack(found) - as_bytes(frames)).max() < 6


@pytest.mark.parametrize("suffix", ["mp4", "gif", "webp"])
def test_the_same_frames_give_the_same_file(tmp_path, suffix):
    _, batches = colours()
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        write_film(path, batches)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("suffix", ["mp4", "gif", "webp"])
def test_a_film_that_fails_leaves_the_old_one(tmp_path, suffix):
    path = tmp_path / "new" / f"film.{suffix}"
    _, batches = colours()
    write_film(path, batches)
    before = path.read_bytes()

    def failing():
        yield batches[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(path, failing())
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_drawing_raises_is_not_the_files_fault(tmp_path):
    def failing():
        yield torch.zeros(1, 3, 8, 8)
        raise ValueError("noise of another size")

    with pytest.raises(ValueError, match=r"^noise of another size"):
        write_film(tmp_path / "film.mp4", failing())


@pytest.mark.parametrize(
    ("name", "fps", "frames", "message"),
    [
        ("film.avi", 30, [torch.zeros(1, 3, 8, 8)], r"'\.avi': a film is written as \.mp4, \.webp, \.gif"),
        ("film.gif", 60, [torch.zeros(1, 3, 8, 8)], "60 frames per second.*at most 50"),
        ("film.mp4", 0, [torch.zeros(1, 3, 8, 8)], "0 frames per second"),
        ("film.mp4", 30, [], "no frames"),
        ("film.webp", 30, [], "no frames"),
        ("film.mp4", 30, [torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 16, 8)], "has 8 x 8 pixels, but a frame has 8 x 16"),
        ("film.mp4", 30, [torch.full((1, 3, 8, 8), torch.nan)], "not finite"),
        ("film.mp4", 30, [torch.zeros(3, 8, 8)], r"float tensor \[N, 3, H, W\]"),
        ("file/film.gif", 30, [torch.zeros(1, 3, 8, 8)], r"film\.gif can't be written"),
    ],
)
def test_what_is_no_film(tmp_path, name, fps, frames, message):
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match=message):
        write_film(tmp_path / name, frames, fps)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_encoder_that_refuses(tmp_path):
    with pytest.raises(ImageError, match=r"film\.mp4 can't be written"):
        write_film(tmp_path / "film.mp4", [torch.zeros(1, 3, 2, 20_000)])
    assert not list(tmp_path.iterdir())


def test_without_pyav(tmp_path, monkeypatch):
    genuine = builtins.__import__

    def missing(name, *rest, **more):
        if name == "av":
            raise ImportError(name)
        return genuine(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "av")
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImageError, match=r'pip install "pastiche\[video\]"'):
        write_film(tmp_path / "film.mp4", [torch.zeros(1, 3, 8, 8)])
    assert write_film(tmp_path / "film.gif", [torch.zeros(1, 3, 8, 8)]) == 1
