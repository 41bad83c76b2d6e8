"""Videos in a style, from end to end, on discs that stand for faces."""

import json
import weakref
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from video.conftest import GREEN, RED, disc_landmarks, find_discs, picture, write_clip
from video.test_media import sound_of

from pastiche import Cancelled, ImageError, NoFaceError, PivotalTuning, StyleError
from pastiche.faces import align
from pastiche.images import from_uint8
from pastiche.video import (
    FRAME_BY_FRAME,
    LiveStylizer,
    VideoSettings,
    drive_face,
    preview_sheet,
    probe,
    read_frames,
    stylize_video,
)
from pastiche.video.job import style_facts
from pastiche.video.reader import Frame
from pastiche.video.writer import ENCODING

PLAIN = VideoSettings(region="oval")


def pixels_of(path):
    return np.stack([frame.pixels for frame in read_frames(path, probe(path))])


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    rng = np.random.default_rng(0)
    pictures = [picture([(RED, 30 + n, 36)]) for n in range(12)]
    noisy = [np.clip(p + rng.normal(0, 10, p.shape), 0, 255).astype(np.uint8) for p in pictures]
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", noisy)


@pytest.fixture(scope="module")
def stylized(clip, style, networks, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "out.mp4"
    report = stylize_video(clip, out, style, networks, PLAIN)
    return out, report


def test_faces_are_drawn_where_they_are_and_the_rest_stays(clip, stylized):
    out, report = stylized
    assert (report.frames, report.drawn, report.people, report.cuts) == (12, 12, 1, 0)
    before, after = pixels_of(clip).astype(int), pixels_of(out).astype(int)
    for n in (0, 6, 11):
        change = np.abs(after[n] - before[n]).mean(axis=2)
        assert change[36 - 6 : 36 + 6, 30 + n - 6 : 30 + n + 6].mean() > 20
        assert change[:, 85:].mean() < 4  # compression alone
    assert sound_of(out) == sound_of(clip)
    assert not out.with_name("out.mp4.work").exists()


def test_smoothing_halves_the_flicker(clip, stylized, style, networks, tmp_path):
    """On a clip of a moving disc whose motion is known: its own pixels are compared, moved along."""
    alone = tmp_path / "alone.mp4"
    stylize_video(clip, alone, style, networks, replace(PLAIN, smoothing=FRAME_BY_FRAME, every=1))

    def flicker(path):
        frames = pixels_of(path).astype(float)
        cut = np.stack([frame[28:44, 22 + n : 38 + n] for n, frame in enumerate(frames)])
        cells = cut.reshape(len(cut), 4, 4, 4, 4, 3).mean(axis=(2, 4))  # the fine texture of random networks is not the matter
        return (np.diff(cells, axis=0) ** 2).mean()

    assert flicker(stylized[0]) < 0.5 * flicker(alone)


class Crash(Exception):
    pass


def stop_after(name, count):
    """Progress that fails in the middle of a step."""

    @contextmanager
    def phases(phase):
        def report(step):
            if phase == name and step.index >= count:
                raise Crash

        yield report

    return phases


def shorten_pieces(patch):
    """Pieces of four frames, which encode to the same bytes each time.

    x264's macroblock trees read memory that nobody has set where a picture is this narrow, and its bytes then vary.
    """
    for module in ("found", "coded", "drive", "stylize", "passes"):
        patch.setattr(f"pastiche.video.{module}.PIECE", 4)
    patch.setitem(ENCODING, "x264-params", "mbtree=0")


@pytest.fixture
def short_pieces(monkeypatch):
    shorten_pieces(monkeypatch)


@pytest.fixture(scope="module")
def uninterrupted(clip, style, networks, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out.mp4"
    with pytest.MonkeyPatch.context() as patch:
        shorten_pieces(patch)
        stylize_video(clip, out, style, networks, PLAIN)
    return out.read_bytes()


@pytest.mark.parametrize(("name", "at"), [("finding faces", 6), ("encoding faces", 8), ("drawing", 6)])
def test_interrupted_work_goes_on_and_gives_the_same_video(
    clip, uninterrupted, short_pieces, style, networks, tmp_path, name, at
):
    out, calls = tmp_path / "out.mp4", []
    with pytest.raises(Crash):
        stylize_video(clip, out, style, networks, PLAIN, phases=stop_after(name, at))
    assert not out.exists()
    assert list(out.with_name("out.mp4.work").iterdir())

    @contextmanager
    def counted(phase):
        yield lambda step: calls.append((phase, step.index))

    stylize_video(clip, out, style, networks, PLAIN, phases=counted)
    again = [index for phase, index in calls if phase == name]
    assert min(again) > 4  # the pieces that were complete are not made again
    assert out.read_bytes() == uninterrupted


def test_another_job_does_not_go_on_with_the_old_one(clip, style, networks, tmp_path):
    out = tmp_path / "out.mp4"
    with pytest.raises(Crash):
        stylize_video(clip, out, style, networks, PLAIN, phases=stop_after("drawing", 3))
    seen = []

    @contextmanager
    def phases(phase):
        seen.append(phase)
        yield lambda _step: None

    stylize_video(clip, out, style, networks, replace(PLAIN, strength=0.5), phases=phases)
    assert seen == ["finding faces", "encoding faces", "drawing"]


def test_cancelling_passes_through(clip, style, networks, tmp_path):
    @contextmanager
    def phases(_phase):
        def stop(_step):
            raise Cancelled

        yield stop

    with pytest.raises(Cancelled):
        stylize_video(clip, tmp_path / "out.mp4", style, networks, PLAIN, phases=phases)


def test_two_people_a_loss_and_a_cut(style, networks, tmp_path):
    two = [picture([(RED, 22, 36), (GREEN, 74, 36)])] * 6
    one = [picture([(GREEN, 74, 36)])] * 8
    elsewhere = picture([(RED, 30, 36)])
    elsewhere[:, 58:] = 0
    clip = write_clip(tmp_path / "clip.mp4", two + one + [elsewhere] * 6)
    report = stylize_video(clip, tmp_path / "out.mp4", style, networks, PLAIN)
    assert (report.people, report.cuts, report.drawn) == (2, 1, 20)
    report = stylize_video(clip, tmp_path / "largest.mp4", style, networks, replace(PLAIN, faces=1))
    assert (report.people, report.drawn) == (1, 14)


def test_likeness_tunes_once_for_the_whole_video(clip, style, networks, small_discriminator, tmp_path):
    steps = []

    @contextmanager
    def phases(phase):
        yield lambda step: steps.append(phase)

    tuning = PivotalTuning(steps=2, lr=1e-3)
    networks = replace(networks, discriminator=small_discriminator(32))
    settings = replace(PLAIN, likeness=0.6, tuning=tuning, samples=2)
    stylize_video(clip, tmp_path / "out.mp4", style, networks, settings, phases=phases)
    assert steps.count("tuning the generator") == 2


def test_a_video_without_faces_is_an_error(style, networks, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", [picture([])] * 6)
    with pytest.raises(NoFaceError, match="no face was found in the 6 frames"):
        stylize_video(clip, tmp_path / "out.mp4", style, networks, PLAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_wrong_settings_and_names_are_errors(clip, style, networks, tmp_path):
    with pytest.raises(ImageError, match=r"written as \.mp4, \.mov"):
        stylize_video(clip, tmp_path / "out.avi", style, networks)
    with pytest.raises(StyleError, match="likeness is 2"):
        VideoSettings(likeness=2)
    with pytest.raises(ImageError, match="batch is 0"):
        VideoSettings(batch=0)


def test_memory_does_not_grow_with_the_length(style, networks, tmp_path, monkeypatch):
    """As many frames are alive at once in a clip of three times the length."""
    alive, most = 0, 0

    def counted(*args):
        nonlocal alive, most
        frame = Frame(*args)
        alive += 1
        most = max(most, alive)
        weakref.finalize(frame, gone)
        return frame

    def gone():
        nonlocal alive
        alive -= 1

    monkeypatch.setattr("pastiche.video.reader.Frame", counted)
    peaks = []
    for count in (36, 72):
        most = 0
        clip = write_clip(tmp_path / f"{count}.mp4", [picture([(RED, 30, 36)])] * count, sound=False)
        stylize_video(clip, tmp_path / "out.mp4", style, networks, replace(PLAIN, batch=2))
        peaks.append(most)
    assert peaks[0] == peaks[1] < 30  # 25 whose outlines are smoothed, and the two that are drawn


@pytest.mark.parametrize("onto", [False, True], ids=["crop", "photo"])
def test_a_photo_moves_as_a_video_does(clip, style, networks, tmp_path, onto):
    photo = from_uint8(picture([(GREEN, 50, 36)]))
    face = align(photo, 32, detector=find_discs, landmarker=disc_landmarks)[0]
    settings = replace(PLAIN, smoothing=FRAME_BY_FRAME)
    out = tmp_path / "out.mp4"
    report = drive_face(clip, out, face, networks, settings, photo=photo if onto else None, style=style if onto else None)
    assert report.frames == 12
    frames = pixels_of(out)
    assert frames.shape[1:3] == ((72, 96) if onto else (32, 32))
    assert np.abs(np.diff(frames.astype(int), axis=0)).max() > 3  # it moves
    assert sound_of(out) == sound_of(clip)


def test_a_preview_shows_frames_before_and_after(clip, style, networks):
    page = preview_sheet(clip, style, networks, PLAIN, frames=3)
    assert page.shape[1] == 3
    assert page.shape[-1] > 3 * 90


def test_live_frames_come_out_one_by_one(clip, style, networks):
    live = LiveStylizer(style, networks, PLAIN, rate=25)
    frames = [frame.pixels for frame in read_frames(clip, probe(clip))]
    drawn = [live(frame) for frame in frames]
    assert all(one.shape == other.shape for one, other in zip(frames, drawn, strict=True))
    assert np.abs(drawn[8][30:42, 32:44].astype(int) - frames[8][30:42, 32:44]).mean() > 20
    assert (live(picture([])) == picture([])).all()
    with pytest.raises(StyleError, match="without a tuning"):
        LiveStylizer(style, networks, replace(PLAIN, likeness=0.5))


def test_another_code_is_another_job():
    generator = torch.nn.Linear(2, 2)

    class Coded:
        def __init__(self, code, amount=1.0, inner=None):
            self.generator, self.code, self.amount, self.inner = generator, code, amount, inner

        def __call__(self, latent, *, strength=1.0):
            return latent

        def save(self, path):
            raise NotImplementedError

    facts = style_facts(Coded(torch.zeros(3)))
    assert facts == style_facts(Coded(torch.zeros(3)))
    others = (Coded(torch.ones(3)), Coded(torch.zeros(3), 0.5), Coded(torch.zeros(3), inner=Coded(torch.ones(3))))
    assert all(style_facts(other) != facts for other in others)
    assert style_facts(others[2])["inner"]["code"] != facts["code"]
    assert json.loads(json.dumps(facts)) == facts
