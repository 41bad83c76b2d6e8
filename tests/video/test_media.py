"""Reading and writing: times, colours, rotation and sound stay."""

from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from video.conftest import RED, picture, write_clip

from pastiche import ImageError
from pastiche.video.reader import frames_near, probe, read_frames
from pastiche.video.writer import check_sound, join, write_segment


def clip_of(path, count=6, **options):
    return write_clip(path, [picture([(RED, 30 + index, 30)]) for index in range(count)], **options)


def sound_of(path):
    with av.open(str(path)) as container:
        return [(bytes(packet), packet.pts) for packet in container.demux(container.streams.audio[0]) if packet.dts is not None]


def copied(clip, out):
    """A video through the writer, in two segments."""
    info = probe(clip)
    frames = list(read_frames(clip, info))
    parts = [out.with_name("a.mp4"), out.with_name("b.mp4")]
    write_segment(parts[0], frames[:4], info)
    write_segment(parts[1], frames[4:], info)
    join(out, [(frames[0].pts, parts[0]), (frames[4].pts, parts[1])], clip, info)
    return frames


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_copy_keeps_times_colours_and_sound(tmp_path, full, suffix):
    clip = clip_of(tmp_path / "clip.mp4", rate=Fraction(30000, 1001), full=full)
    out = tmp_path / f"copy.{suffix}"
    frames = copied(clip, out)
    before, after = probe(clip), probe(out)
    assert (after.rate, after.colors, after.width, after.height) == (before.rate, before.colors, before.width, before.height)
    again = list(read_frames(out, after))
    wanted = [float(frame.pts * before.time_base) for frame in frames]
    assert [float(frame.pts * after.time_base) for frame in again] == pytest.approx(wanted, abs=1e-3)
    for one, other in zip(frames, again, strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).mean() < 2
    assert [data for data, _ in sound_of(out)] == [data for data, _ in sound_of(clip)]


def test_a_turned_video_comes_out_upright(tmp_path):
    plain, turned = clip_of(tmp_path / "plain.mp4"), clip_of(tmp_path / "turned.mp4", rotation=90)
    copied(turned, tmp_path / "copy.mp4")
    upright = next(read_frames(plain, probe(plain))).pixels
    info = probe(turned)
    assert (info.rotation, info.width, info.height) == (90, 72, 96)
    for path in (turned, tmp_path / "copy.mp4"):
        shown = next(read_frames(path, probe(path))).pixels
        assert np.abs(shown.astype(int) - np.rot90(upright)).mean() < 2


def test_frame_times_that_vary_are_kept(tmp_path):
    clip = clip_of(tmp_path / "clip.mp4", sound=False)
    info = probe(clip)
    times = [0, 1000, 1500, 4000, 4500, 9000]
    frames = [type(frame)(frame.index, pts, frame.pixels) for frame, pts in zip(read_frames(clip, info), times, strict=True)]
    write_segment(tmp_path / "a.mp4", frames, info)
    join(tmp_path / "out.mp4", [(times[0], tmp_path / "a.mp4")], clip, info)
    after = probe(tmp_path / "out.mp4")
    found = [float(frame.pts * after.time_base / info.time_base) for frame in read_frames(tmp_path / "out.mp4", after)]
    assert found == pytest.approx(times, abs=1)


def test_bytes_are_read_too(tmp_path):
    clip = clip_of(tmp_path / "clip.mp4")
    source = BytesIO(clip.read_bytes())
    assert probe(source) == probe(clip)
    assert [frame.index for frame in read_frames(source, probe(source), start=4)] == [4, 5]


def test_frames_at_equal_distances(tmp_path):
    clip = clip_of(tmp_path / "clip.mp4", count=12)
    info = probe(clip)
    assert len(list(frames_near(clip, info, 4))) == 4


def test_what_is_no_video_is_an_error(tmp_path):
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ImageError, match=r"text\.mp4 can't be read as a video"):
        probe(tmp_path / "text.mp4")
    with pytest.raises(ImageError, match=r"none\.mp4 can't be read"):
        probe(tmp_path / "none.mp4")


def test_a_video_that_breaks_off_is_an_error_that_names_it(tmp_path):
    noise = [np.random.default_rng(n).integers(0, 255, (72, 96, 3), np.uint8) for n in range(6)]
    clip = write_clip(tmp_path / "clip.mp4", noise, sound=False)
    info = probe(clip)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + len(data) // 8
    data[start : start + len(data) // 2] = bytes(len(data) // 2)
    clip.write_bytes(bytes(data))
    with pytest.raises(ImageError, match=r"clip\.mp4 is damaged"):
        list(read_frames(clip, info))


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)])
def test_a_mirrored_video_comes_out_as_it_is_displayed(tmp_path, matrix):
    plain = clip_of(tmp_path / "plain.mp4")
    data = bytearray(plain.read_bytes())
    place = data.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    data[place : place + 20] = np.array([a, b, 0, c, d], ">i4").tobytes()
    mirrored = tmp_path / "mirrored.mp4"
    mirrored.write_bytes(data)
    copied(mirrored, tmp_path / "copy.mp4")
    stored = next(read_frames(plain, probe(plain))).pixels
    height, width = stored.shape[:2]
    y, x = np.mgrid[:height, :width]
    across, down = matrix[0] * x + matrix[2] * y, matrix[1] * x + matrix[3] * y  # where a stored pixel is displayed
    wanted = np.zeros((np.ptp(down) + 1, np.ptp(across) + 1, 3), np.uint8)
    wanted[down - down.min(), across - across.min()] = stored
    for path in (mirrored, tmp_path / "copy.mp4"):
        shown = next(read_frames(path, probe(path))).pixels
        assert np.abs(shown.astype(int) - wanted).mean() < 2


def test_a_video_that_is_stored_as_rgb_becomes_bt709(tmp_path):
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264rgb", rate=25, options={"crf": "0"})
        stream.height, stream.width, stream.pix_fmt = 72, 96, "rgb24"
        for index in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture([(RED, 30 + index, 30)]), format="rgb24")))
        container.mux(stream.encode())
    frames = copied(clip, tmp_path / "copy.mp4")
    after = probe(tmp_path / "copy.mp4")
    assert after.colors.space == 1
    assert np.abs(next(read_frames(tmp_path / "copy.mp4", after)).pixels.astype(int) - frames[0].pixels).mean() < 3


def test_a_size_that_changes_half_way_is_made_that_of_the_beginning(tmp_path):
    for name, side in (("a", 72), ("b", 48)):
        with av.open(str(tmp_path / f"{name}.ts"), "w", format="mpegts") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.height, stream.width, stream.pix_fmt = side, side, "yuv420p"
            for _ in range(4):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((side, side, 3), 99, np.uint8), format="rgb24")))
            container.mux(stream.encode())
    clip = tmp_path / "clip.ts"
    clip.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    shapes = [frame.pixels.shape for frame in read_frames(clip, probe(clip))]
    assert len(shapes) > 4
    assert set(shapes) == {(72, 72, 3)}


def with_sound(path, codec, times=(0, 1, 2)):
    """An audio track of packets that begin at given times, in frames of 960 samples."""
    with av.open(str(clip_of(path.with_name("silent.mp4"), sound=False))) as source, av.open(str(path), "w") as container:
        pictures = container.add_stream_from_template(source.streams.video[0])
        sound = container.add_stream(codec, rate=48000, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = pictures
                container.mux(packet)
        packets = []
        for _ in times:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
            frame.sample_rate = 48000
            packets += sound.encode(frame)
        packets += sound.encode()
        for packet, time in zip(packets, times, strict=False):
            packet.pts = packet.dts = 960 * time
            container.mux(packet)
    return path


def test_sound_that_a_container_lacks_is_refused_before_any_work(tmp_path):
    clip = with_sound(tmp_path / "clip.mov", "pcm_mulaw")
    with pytest.raises(ImageError, match=r"pcm_mulaw, which a \.mp4 file can't hold: write a \.mov file"):
        check_sound(clip, tmp_path / "out.mp4")
    check_sound(clip, tmp_path / "out.mov")


def test_sound_whose_times_go_back_is_kept(tmp_path):
    clip = with_sound(tmp_path / "clip.mkv", "pcm_s16le", times=(0, 1, 1, 2))
    copied(clip, tmp_path / "copy.mov")
    assert len(sound_of(tmp_path / "copy.mov")) > 0
