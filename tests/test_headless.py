"""The engine in a service: several threads, and the example of the page."""

import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

import pastiche
from pastiche.bundle import demo_photo
from pastiche.jojogan import JoJoStyle, OneShot
from pastiche.stylegan2.weight_cache import WeightCache

ROOT = Path(__file__).resolve().parents[1]


def test_a_cache_never_gives_one_thread_the_value_of_another():
    cache, weight = WeightCache(), torch.ones(2, 2)
    wrong, start = [], threading.Barrier(2)

    def use(key):
        start.wait()
        for _ in range(30):
            found = cache.get([weight], lambda: (time.sleep(0.0005), key)[1], key)
            if found != key:
                wrong.append((key, found))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(use, ("a", "b")))
    assert not wrong


def test_a_style_used_by_two_threads_gives_what_it_gives_alone(small_generator, codes):
    base = small_generator(32)
    style = JoJoStyle(base, small_generator(32, seed=3), OneShot())
    latents = [pastiche.Latent(codes(base, 1, seed=seed), "w+") for seed in range(8)]
    jobs = [(latent, strength) for latent in latents for strength in (0.0, 0.5, 1.0)]
    alone = [style(latent, strength=strength) for latent, strength in jobs]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda job: style(job[0], strength=job[1]), jobs))
    for one, other in zip(alone, together, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_blended_styles_are_not_mixed_up_between_threads(small_generator, codes):
    base = small_generator(32)
    styles = [JoJoStyle(base, small_generator(32, seed=seed), OneShot()) for seed in (3, 4)]
    blend, latent = pastiche.StyleBlend(styles), pastiche.Latent(codes(base, 1), "w+")
    places = [0.25, 0.75] * 6
    alone = [blend(latent, t=t) for t in places]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda t: blend(latent, t=t), places))
    for one, other in zip(alone, together, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "headless.md").read_text(encoding="utf8")
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requests").mkdir()
    for name in ("one.png", "two.png"):
        shutil.copy(demo_photo(), tmp_path / "requests" / name)
    models = pastiche.load("demo")
    JoJoStyle(models.stylegan2, models.stylegan2, OneShot()).save("painting.safetensors")
    names = {}
    exec(compile(example, "headless.md", "exec"), names)
    assert [path.name for path in names["results"]] == ["one-drawn.png", "two-drawn.png"]
    one, two = (pastiche.read(path) for path in names["results"])
    assert torch.allclose(one, two, atol=0.02)
    assert one.shape == pastiche.read(demo_photo()).shape


def test_the_command_of_the_page_names_what_exists():
    page = (ROOT / "docs" / "headless.md").read_text(encoding="utf8")
    script, workflow = re.search(r"python (scripts/\S+) (workflows/\S+)", page).groups()
    assert (ROOT / script).exists()
    assert (ROOT / workflow).exists()
