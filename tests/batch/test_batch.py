"""Folders: one failure stops nothing, and nothing is lost or done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pastiche import Cancelled, ImageError, Latent
from pastiche.batch import Item, Prepared, Stylizer, find_items, stylize_folder
from pastiche.batch.journal import NAME, Journal, Record
from pastiche.images import read
from pastiche.jojogan import JoJoStyle, OneShot


class Negative:
    """The colours of each picture, inverted."""

    def __init__(self):
        self.prepared, self.batches = [], []

    def prepare(self, source):
        self.prepared.append(Path(source).name)
        return Prepared(read(source), [])

    def draw(self, pictures):
        self.batches.append(len(pictures))
        if any(picture.picture.shape[-1] == 13 for picture in pictures):
            raise RuntimeError("thirteen pixels are too many")
        return [[-picture.picture] for picture in pictures]

    def finish(self, _picture, drawings):
        return drawings[0]


def write_pictures(folder, count, side=8):
    for number in range(count):
        place = folder / f"{number % 3}" / f"{number:03}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((side, side, 3), number, np.uint8)).save(place)
    return folder


def lines(folder):
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()][1:]


def go(source, out, steps=None, **options):
    steps = steps or Negative()
    return stylize_folder(find_items([source]), out, steps, job={"what": 1}, **{"batch": 4, "workers": 2, **options}), steps


def test_a_folder_keeps_its_structure_and_is_drawn_in_batches(tmp_path):
    report, steps = go(write_pictures(tmp_path / "in", 10), tmp_path / "out")
    assert (report.done, report.failed, report.skipped) == (10, 0, 0)
    assert steps.batches == [4, 4, 2]
    assert np.asarray(Image.open(tmp_path / "out" / "1" / "007.png"))[0, 0, 0] == 255 - 7
    assert sorted(line["output"] for line in lines(tmp_path / "out")) == sorted(f"{n % 3}/{n:03}.png" for n in range(10))


def test_a_second_run_has_nothing_to_do(tmp_path):
    source = write_pictures(tmp_path / "in", 5)
    go(source, tmp_path / "out")
    report, steps = go(source, tmp_path / "out")
    assert (report.done, report.skipped, steps.prepared) == (0, 5, [])


def test_one_failure_does_not_stop_the_rest(tmp_path):
    source = write_pictures(tmp_path / "in", 6)
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing")
    (source / "empty.png").write_bytes(b"")
    Image.fromarray(np.zeros((13, 13, 3), np.uint8)).save(source / "thirteen.png")
    report, _ = go(source, tmp_path / "out")
    assert (report.done, report.failed) == (6, 3)
    failed = {Path(line["input"]).name: line["error"] for line in lines(tmp_path / "out") if line["status"] == "failed"}
    assert set(failed) == {"broken.jpg", "empty.png", "thirteen.png"}
    assert "empty" in failed["empty.png"]
    assert "thirteen pixels" in failed["thirteen.png"]
    report, steps = go(source, tmp_path / "out", retry=True)
    assert (report.done, report.failed, report.skipped) == (0, 3, 6)
    assert set(steps.prepared) == {"broken.jpg", "empty.png", "thirteen.png"}


def test_a_result_that_a_crash_left_out_of_the_journal_is_entered(tmp_path):
    source = write_pictures(tmp_path / "in", 4)
    go(source, tmp_path / "out")
    journal = tmp_path / "out" / NAME
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole[:-1]) + whole[-1][:20])  # cut short in the middle of a line
    report, steps = go(source, tmp_path / "out")
    assert (report.done, report.skipped, steps.prepared) == (0, 4, [])
    assert len(lines(tmp_path / "out")) == 4


def test_lines_of_a_batch_wait_for_the_disk_once(tmp_path, monkeypatch):
    waits = []
    with Journal(tmp_path, {}) as journal:
        monkeypatch.setattr("os.fsync", waits.append)
        journal.add(*(Record(f"{number}.jpg", f"{number}.png", "done") for number in range(3)))
    assert len(waits) == 1
    assert [line["output"] for line in lines(tmp_path)] == ["0.png", "1.png", "2.png"]


def test_two_pictures_of_one_name_are_not_mixed_up(tmp_path):
    source = write_pictures(tmp_path / "in", 1)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(source / "0" / "000.jpg")
    report, _ = go(source, tmp_path / "out")
    assert (report.done, report.failed) == (1, 1)
    assert "as another picture is" in next(line["error"] for line in lines(tmp_path / "out") if line["error"])


def test_what_was_done_stays_known_beside_another_picture_of_its_name(tmp_path):
    source = write_pictures(tmp_path / "in", 1)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(source / "0" / "000.jpg")
    go(source, tmp_path / "out")
    once = lines(tmp_path / "out")
    report, steps = go(source, tmp_path / "out")
    assert (report.done, report.failed, report.skipped, steps.prepared) == (0, 0, 2, [])
    assert lines(tmp_path / "out") == once


def test_sources_are_known_by_any_of_their_names(tmp_path, monkeypatch):
    source = write_pictures(tmp_path / "in", 2)
    go(source, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    report, _ = go(Path("in"), tmp_path / "out")
    assert (report.done, report.skipped) == (0, 2)


@pytest.mark.parametrize("place", [".", "0"])
def test_results_never_replace_what_is_read(tmp_path, place):
    source = write_pictures(tmp_path / "in", 1)
    before = (source / "0" / "000.png").read_bytes()
    with pytest.raises(ImageError, match="would lie among the pictures that are read: choose another folder"):
        list(find_items([source / place], out=source / place))
    with pytest.raises(ImageError, match="would lie among"):
        list(find_items([source / "0" / "000.png"], out=source / "0"))
    assert (source / "0" / "000.png").read_bytes() == before


def test_results_inside_an_input_are_not_read(tmp_path):
    source = write_pictures(tmp_path / "in", 3)
    out = source / "stylized"
    for expected in (3, 0):
        report = stylize_folder(find_items([source], out=out), out, Negative(), job={})
        assert report.done == expected


def test_links_that_lead_back_end(tmp_path):
    source = write_pictures(tmp_path / "in", 3)
    (source / "0" / "back").symlink_to(source, target_is_directory=True)
    assert len({item.source.resolve() for item in find_items([source])}) == 3
    assert len(list(find_items([source]))) < 20


def test_a_folder_that_cannot_be_read_is_left_out(tmp_path, monkeypatch, caplog):
    source = write_pictures(tmp_path / "in", 3)
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "1":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("pastiche.batch.items.os.scandir", refuse)
    assert [item.target.name for item in find_items([source])] == ["000.png", "002.png"]
    assert "is left out: Permission denied" in caplog.text


@pytest.mark.parametrize("content", [b"my own notes\n", b"[1, 2]\n", b'{"other": 1}\n', b"no line"])
def test_a_file_of_that_name_that_is_no_report_stays(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ImageError, match="is no report of Pastiche: move it"), Journal(tmp_path, {}):
        pass
    assert (tmp_path / NAME).read_bytes() == content


def test_a_first_line_that_a_crash_cut_short_is_written_anew(tmp_path):
    (tmp_path / NAME).write_bytes(b'{"job": {"wh')
    with Journal(tmp_path, {"what": 1}):
        pass
    with Journal(tmp_path, {"what": 1}):
        assert lines(tmp_path) == []


def test_a_picture_that_is_named_twice_is_drawn_once(tmp_path):
    place = write_pictures(tmp_path / "in", 1) / "0" / "000.png"
    items = [Item(place, Path("a.png")), Item(place, Path("a.png"))]
    report = stylize_folder(items, tmp_path / "out", Negative(), job={})
    assert (report.done, report.skipped) == (1, 1)


def test_another_job_is_refused(tmp_path):
    source = write_pictures(tmp_path / "in", 1)
    go(source, tmp_path / "out")
    with pytest.raises(ImageError, match="another job, which differs in what"):
        stylize_folder(find_items([source]), tmp_path / "out", Negative(), job={"what": 2})


def test_wrong_inputs_are_errors(tmp_path):
    with pytest.raises(ImageError, match="does not exist"):
        go(tmp_path / "none", tmp_path / "out")
    with pytest.raises(ImageError, match="batch is 0"):
        go(tmp_path, tmp_path / "out", batch=0)


def test_cancelling_stops_and_the_next_run_goes_on(tmp_path):
    source = write_pictures(tmp_path / "in", 12)

    def stop(step):
        if step.index == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        go(source, tmp_path / "out", progress=stop)
    go(source, tmp_path / "out")
    assert len({line["input"] for line in lines(tmp_path / "out")}) == len(lines(tmp_path / "out")) == 12


SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from test_batch import Negative, go
class Slow(Negative):
    def finish(self, picture, drawings):
        time.sleep(0.05)
        return drawings[0]
go(Path({source!r}), Path({out!r}), Slow())
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_after_kill_9_nothing_is_lost_or_done_twice(tmp_path):
    source, out = write_pictures(tmp_path / "in", 40), tmp_path / "out"
    code = SCRIPT.format(here=str(Path(__file__).parent), source=str(source), out=str(out))
    running = subprocess.Popen([sys.executable, "-c", code])
    while not (out / NAME).exists() or (out / NAME).read_bytes().count(b"\n") < 8:
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("[0-9]*.png") if not path.name.startswith(".")}
    assert 0 < len(before) < 40
    report, _ = go(source, out)
    assert report.done + report.skipped == 40
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    found = [line["input"] for line in lines(out)]
    assert len(found) == len(set(found)) == 40
    assert len(list(out.glob("*/[0-9]*.png"))) == 40


def test_faces_are_drawn_as_stylize_draws_them(small_generator, tmp_path):
    """The batch is what the steps give one by one, whatever else is in it."""
    generator = small_generator(32)

    class Colours(torch.nn.Module):
        def forward(self, images):
            level = images.mean(dim=(1, 2, 3), keepdim=True)[..., 0]
            return Latent(level * torch.ones(1, generator.num_layers, generator.latent_dim), "w+")

    encoder = Colours()
    style = JoJoStyle(generator, small_generator(32, seed=3), OneShot())
    source = write_pictures(tmp_path / "in", 5, side=32)
    stylizer = Stylizer(style, generator, encoder, aligned=True, batch=3)
    stylize_folder(find_items([source]), tmp_path / "out", stylizer, job={}, batch=4, workers=2)
    for number in (0, 4):
        picture = stylizer.prepare(source / f"{number % 3}" / f"{number:03}.png")
        alone = stylizer.finish(picture, stylizer.draw([picture])[0])
        together = read(tmp_path / "out" / f"{number % 3}" / f"{number:03}.png")
        assert torch.allclose(alone, together, atol=0.02)
