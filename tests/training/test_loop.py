"""The training loop: what it learns, saves, resumes, logs and refuses."""

import json
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from pastiche.errors import Advice, Cancelled, TrainingError
from pastiche.training.board import Board
from pastiche.training.loop import train


def run(task, schedule, folder, **options):
    steps = []
    moment = train(task, schedule, folder=folder, device="cpu", progress=options.pop("progress", steps.append), **options)
    return moment, steps


def stop_after(count):
    """Progress that stops like ComfyUI's Cancel."""

    def progress(step):
        if step.index >= count:
            raise Cancelled("stopped")

    return progress


def test_it_learns(tmp_path, line_task, schedule):
    task = line_task()
    moment, steps = run(task, schedule(images=2400, sample_images=None), tmp_path)
    assert (moment.seen, moment.iteration) == (2400, 300)
    assert steps[-1].losses["line/square"] < 0.01 * steps[0].losses["line/square"]
    assert task.line.weight.item() == pytest.approx(2, abs=0.1)
    assert task.averages["line"].bias.item() == pytest.approx(1, abs=0.1)


def test_without_a_folder_nothing_is_written_and_the_same_is_learned(tmp_path, line_task, schedule, monkeypatch):
    monkeypatch.chdir(tmp_path)
    alone, kept = line_task(), line_task()
    run(alone, schedule(), None)
    assert not list(tmp_path.iterdir())
    run(kept, schedule(), tmp_path / "run")
    assert alone.line.weight.equal(kept.line.weight)
    with pytest.raises(Cancelled):
        run(line_task(), schedule(), None, progress=stop_after(16))


def test_two_trainings_in_one_folder_are_refused(tmp_path, line_task, schedule):
    def another(_step):
        with pytest.raises(TrainingError, match=r"another process is training in .*: wait for it"):
            run(line_task(), schedule(), tmp_path)

    run(line_task(), schedule(images=16), tmp_path, progress=another)
    run(line_task(), schedule(images=24), tmp_path)  # the first one is over


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_no_generator_takes_is_refused(schedule, seed):
    with pytest.raises(TrainingError, match=r"seed is .*: it is from 0 to 2\^63 - 1"):
        schedule(seed=seed)


def test_the_precision_may_be_the_callers(tmp_path, line_task, schedule):
    for dtype in (torch.float32, torch.bfloat16):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            assert run(line_task(), schedule(precision=None), None)[0].dtype == dtype


def test_phases_run_when_due_and_teach_only_theirs(tmp_path, line_task, schedule):
    task = line_task()
    _, steps = run(task, schedule(images=32), tmp_path)
    assert ["penalty/weight" in step.losses for step in steps] == [True, False, False, True]
    before = line_task()
    alone = line_task()
    alone.phases = alone.phases[2:]
    run(alone, schedule(images=8), tmp_path / "alone")
    assert alone.line.weight.equal(before.line.weight)
    assert not alone.scale[1].weight.equal(before.scale[1].weight)


def test_a_parameter_that_no_optimizer_holds_stays(tmp_path, line_task, schedule):
    task = line_task()
    start = task.line.bias.detach().clone()
    task.optimizers = {**task.optimizers, "line": torch.optim.Adam([task.line.weight], lr=0.1)}
    run(task, schedule(images=32), tmp_path)
    assert task.line.bias.equal(start)
    assert not task.line.bias.requires_grad


def test_gradients_are_clipped_and_logged_as_they_were(tmp_path, line_task, schedule):
    task = line_task()
    task.optimizers = {**task.optimizers, "line": torch.optim.SGD(task.line.parameters(), lr=1.0)}
    task.phases = [replace(task.phases[0], clip=0.01)]
    before = torch.cat([value.detach().flatten() for value in task.line.parameters()])
    _, steps = run(task, schedule(images=8), tmp_path)
    after = torch.cat([value.detach().flatten() for value in task.line.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.01, rel=1e-3)
    assert steps[0].losses["line/gradient"] > 0.1


def test_a_task_knows_where_training_is(tmp_path, line_task, schedule):
    seen = []
    for images in (16, 32):
        task = line_task()
        draw = task.draw
        task.draw = lambda rng, count, task=task, draw=draw: seen.append(task.moment.seen) or draw(rng, count)
        run(task, schedule(images=images), tmp_path)
    assert seen == [0, 8, 16, 24]


@pytest.mark.parametrize("stop", [8, 40, 64])
def test_a_stopped_training_goes_on_to_the_bit(tmp_path, line_task, schedule, weights, stop):
    whole = line_task()
    _, steps = run(whole, schedule(), tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(line_task(), schedule(), tmp_path / "parts", progress=stop_after(stop))
    resumed = line_task()
    moment, more = run(resumed, schedule(), tmp_path / "parts")
    assert weights(resumed).equal(weights(whole))
    assert moment.seen == 96
    assert [step.losses for step in more] == [step.losses for step in steps[stop // 8 :]]
    assert resumed.drawn == whole.drawn[stop // 8 :]


def test_two_runs_agree_to_the_bit_and_another_seed_does_not(tmp_path, line_task, schedule, weights):
    tasks = [line_task() for _ in range(3)]
    for number, (task, seed) in enumerate(zip(tasks, (0, 0, 1), strict=True)):
        run(task, schedule(seed=seed), tmp_path / str(number))
    assert weights(tasks[0]).equal(weights(tasks[1]))
    assert not weights(tasks[0]).equal(weights(tasks[2]))


def test_a_finished_training_is_not_trained_again(tmp_path, line_task, schedule, weights):
    first, again = line_task(), line_task()
    run(first, schedule(), tmp_path)
    _, steps = run(again, schedule(), tmp_path)
    assert steps == []
    assert weights(again).equal(weights(first))


def test_accumulation_gives_the_same_gradients(tmp_path, line_task, schedule, weights):
    whole, parts = line_task(), line_task()
    for task in (whole, parts):  # dropout differs between the parts
        task.scale[0].p = 0.0
    run(whole, schedule(), tmp_path / "whole")
    run(parts, schedule(accumulate=4), tmp_path / "parts")
    assert torch.allclose(weights(parts), weights(whole), atol=1e-5)


def test_early_stopping(tmp_path, line_task, schedule):
    task = line_task()
    task.stop_at = 5
    assert run(task, schedule(), tmp_path)[0].seen == 40
    assert [path.name for path in (tmp_path / "states").iterdir()] == ["000000040.pt"]


def test_ctrl_c_saves(tmp_path, line_task, schedule):
    def press(step):
        if step.index == 24:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(Cancelled, match="stopped after 24 of 96 images") as stopped:
        run(line_task(), schedule(), tmp_path, progress=press)
    assert stopped.value.message("command").endswith("images: the same command goes on from there")
    assert signal.getsignal(signal.SIGINT) is handler
    assert [path.name for path in (tmp_path / "states").iterdir()] == ["000000024.pt"]
    assert run(line_task(), schedule(), tmp_path)[1][0].index == 32


def test_the_second_ctrl_c_stops_at_once(tmp_path, line_task, schedule):
    def press(_step):
        os.kill(os.getpid(), signal.SIGINT)
        while (
            signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        ):  # two signals that are pending at once count as one
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background processes ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            run(line_task(), schedule(), tmp_path, progress=press)
    finally:
        signal.signal(signal.SIGINT, before)


def test_states_are_kept_by_policy(tmp_path, line_task, schedule):
    run(line_task(), schedule(save_minutes=0, keep=2, keep_images=32), tmp_path)
    names = sorted(path.name for path in (tmp_path / "states").iterdir())
    assert names == ["000000032-kept.pt", "000000064-kept.pt", "000000080.pt", "000000088.pt", "000000096-kept.pt"]


@pytest.fixture
def small_disk():
    """A context in which no file can grow beyond 1,000 bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited():
        handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handled)

    return limited


def test_a_full_disk_is_named_and_what_was_saved_stays(line_task, schedule, weights, small_disk, tmp_path):
    train(line_task(), schedule(images=16), folder=tmp_path, device="cpu")
    before = sorted(tmp_path.glob("states/*"))
    with small_disk(), pytest.raises(TrainingError, match=r"\.pt can't be written \(.*File too large.*before is unchanged"):
        train(line_task(), schedule(images=32), folder=tmp_path, device="cpu")
    assert sorted(tmp_path.glob("states/*")) == before
    resumed, whole = line_task(), line_task()
    train(resumed, schedule(images=32), folder=tmp_path, device="cpu")
    train(whole, schedule(images=32), folder=tmp_path / "whole", device="cpu")
    assert weights(resumed).equal(weights(whole))


def test_other_settings_are_refused(tmp_path, line_task, schedule):
    run(line_task(), schedule(images=16), tmp_path)
    with pytest.raises(TrainingError, match=r"other settings \(batch 8 -> 4, rate 0.05 -> 0.1\)"):
        run(line_task(rate=0.1), schedule(batch=4), tmp_path)
    with pytest.raises(TrainingError, match="24 pictures, and there are 25 now"):
        run(line_task(length=25), schedule(), tmp_path)


@pytest.mark.parametrize("content", [b"", b"junk that is no state"])
def test_a_damaged_state_says_so(tmp_path, line_task, schedule, content):
    run(line_task(), schedule(images=16), tmp_path)
    next((tmp_path / "states").iterdir()).write_bytes(content)
    with pytest.raises(TrainingError, match=r"can't be resumed.*Delete it"):
        run(line_task(), schedule(), tmp_path)


def test_a_state_of_a_gpu_goes_on_on_a_cpu(tmp_path, line_task, schedule, weights, monkeypatch, as_saved_on_a_gpu):
    whole, resumed = line_task(), line_task()
    run(whole, schedule(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _storage: "cuda:0")
        run(line_task(), schedule(images=48), tmp_path / "parts")
    run(resumed, schedule(), tmp_path / "parts")
    assert weights(resumed).equal(weights(whole))


def test_the_log_has_the_means_once_also_after_a_crash(tmp_path, line_task, schedule):
    _, steps = run(line_task(), schedule(), tmp_path / "whole")
    lines = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert [line["seen"] for line in lines] == [16, 32, 48, 64, 80, 96]
    first = [step.losses["line/square"] for step in steps[:2]]
    assert lines[0]["line/square"] == pytest.approx(sum(first) / 2)
    assert lines[0]["penalty/weight"] == steps[0].losses["penalty/weight"]  # of the one iteration that had it
    assert "line/largest" in lines[0]

    run(line_task(), schedule(images=48), tmp_path / "crashed")
    with (tmp_path / "crashed" / "log.jsonl").open("a") as file:
        file.write('{"seen": 64, "iteration": 8}\n{"seen": 80, "iter')
    run(line_task(), schedule(), tmp_path / "crashed")
    again = [json.loads(line) for line in (tmp_path / "crashed" / "log.jsonl").read_text().splitlines()]
    assert [{**line, "seconds": 0} for line in again] == [{**line, "seconds": 0} for line in lines]


def test_sheets_of_samples_are_written(tmp_path, line_task, schedule):
    run(line_task(), schedule(), tmp_path)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["000000040.png", "000000080.png", "000000096.png"]


def test_tensorboard_gets_the_losses(tmp_path, line_task, schedule):
    with Board(tmp_path / "board") as board:
        run(line_task(), schedule(images=16), tmp_path, log=board)
    assert list((tmp_path / "board").iterdir())


class Overflow(torch.autograd.Function):
    """Passes a value on, and an infinite gradient back."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * float("inf")


@pytest.mark.parametrize(("what", "spoil"), [("square", lambda loss: loss * float("nan")), ("gradient", Overflow.apply)])
def test_what_is_not_finite_is_named(tmp_path, line_task, schedule, what, spoil):
    task = line_task()
    good = task.phases[0].losses

    def losses(draw, moment):
        found = good(draw, moment)
        return {"square": spoil(found["square"])} if moment.iteration == 3 else found

    task.phases[0] = replace(task.phases[0], losses=losses)
    message = rf"line/{what} became (nan|inf) after 24 images: the last saved state is .*24\.pt.*Lower"
    with pytest.raises(TrainingError, match=message):
        run(task, schedule(save_minutes=0), tmp_path)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_exhausted_memory_says_what_to_lower(tmp_path, line_task, schedule, error):
    def losses(_draw, _moment):
        raise error

    task = line_task()
    task.phases[0] = replace(task.phases[0], losses=losses)
    with pytest.raises(TrainingError, match="out of memory") as found:
        run(task, schedule(accumulate=2), tmp_path)
    assert "--set accumulate=4 (parts of 2 images" in found.value.message("command")
    with pytest.raises(TrainingError) as found:
        run(task, schedule(accumulate=8), tmp_path)
    assert found.value.message("python").endswith("resumed: lower batch or resolution")


def test_a_task_may_know_better_what_to_lower(line_task, schedule):
    def losses(_draw, _moment):
        raise MemoryError

    task = line_task()
    task.phases[0], task.relief = replace(task.phases[0], losses=losses), Advice("look at fewer lines", "-", "-")
    with pytest.raises(TrainingError, match="resumed: look at fewer lines"):
        run(task, schedule(), None)


def test_other_errors_pass(tmp_path, line_task, schedule):
    def losses(_draw, _moment):
        raise RuntimeError("shapes differ")

    task = line_task()
    task.phases[0] = replace(task.phases[0], losses=losses)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run(task, schedule(), tmp_path)


def test_a_batch_that_can_not_be_split_is_refused(tmp_path, line_task, schedule):
    with pytest.raises(TrainingError, match="a multiple of 3"):
        run(line_task(), schedule(accumulate=3), tmp_path)


@pytest.mark.parametrize("setting", ["images", "batch", "accumulate", "keep"])
def test_settings_below_one_are_refused(schedule, setting):
    with pytest.raises(TrainingError, match=f"{setting} is 0"):
        schedule(**{setting: 0})


def test_it_trains_in_inference_mode(tmp_path, line_task, schedule):
    with torch.inference_mode(False):
        task = line_task()
    with torch.inference_mode():
        assert run(task, schedule(images=16), tmp_path)[0].seen == 16


def test_reduced_precision_learns(tmp_path, line_task, schedule):
    _, steps = run(line_task(), schedule(images=1200, sample_images=None, precision="bfloat16"), tmp_path)
    assert steps[-1].losses["line/square"] < 0.05 * steps[0].losses["line/square"]


def test_losses_of_an_iterator_add_up(tmp_path, line_task, schedule, weights):
    """The same training as with their sum, although each is differentiated before the next is computed."""
    whole, parts = line_task(), line_task()
    alive = []

    def one_by_one(draw, moment):
        for share in (0.25, 0.75):
            alive.append(parts.line.weight.grad is not None)
            yield {name: share * value for name, value in parts.line_losses(draw, moment).items()}

    parts.phases[0] = replace(parts.phases[0], losses=one_by_one)
    _, wanted = run(whole, schedule(images=32), tmp_path / "whole")
    _, found = run(parts, schedule(images=32), tmp_path / "parts")
    assert torch.allclose(weights(parts), weights(whole), atol=1e-6)
    assert alive[:2] == [False, True]
    for one, other in zip(found, wanted, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-5)
