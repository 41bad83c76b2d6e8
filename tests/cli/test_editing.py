"""Films and swapped layers from the command line."""

import av
import pytest
import torch
from PIL import Image

import pastiche
from pastiche.latents import Latent


@pytest.fixture(scope="session")
def learned(weights, tmp_path_factory):
    """Two styles of the small generator."""
    models = pastiche.load(weights)
    paths = []
    for seed in range(2):
        reference = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1
        settings = pastiche.OneShot(steps=3, lr=0.05)  # far enough that the styles look different
        style = pastiche.one_shot(models.generator, models.discriminator, reference, encoder=models.encoder, settings=settings)
        paths.append(tmp_path_factory.mktemp("styles") / f"style-{seed}.safetensors")
        style.save(paths[-1])
    return paths


@pytest.fixture
def style(learned):
    return learned[0]


@pytest.fixture
def film(run_json, weights, tmp_path):
    """A film by `interpolate`, as a list of pictures in 0..1."""

    def call(*arguments):
        path = tmp_path / "film.webp"
        facts = run_json("interpolate", *arguments, "--out", path, "--weights", weights)
        pictures = []
        with Image.open(path) as found:
            assert found.n_frames == facts["frames"]
            for index in range(found.n_frames):
                found.seek(index)
                pictures.append(pastiche.read(found.convert("RGB")))
        return pictures, facts

    return call


def near(found, wanted):
    """Equal, but for what the film's compression loses on pictures of noise."""
    return (found - wanted.clamp(-1, 1)).abs().mean() < 0.08


@pytest.mark.parametrize("command", ["interpolate", "swap-layers"])
def test_help_teaches_by_an_example(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"pastiche {command}" in out.split("Usage:")[1].split("\n", 1)[1]
    assert command in run("--help")[1]


def test_from_face_to_face(film, run_json, weights, tmp_path):
    pictures, facts = film("seed:3", "seed:4", "--frames", 6, "--fps", 10)
    assert (facts["frames"], facts["keyframes"], facts["seconds"]) == (6, 2, 0.6)
    for index, seed in ((0, 3), (-1, 4)):  # those of `generate`
        path = tmp_path / f"{seed}.png"
        run_json("generate", "--seed", seed, "--weights", weights, "--out", path)
        assert near(pictures[index], pastiche.read(path))
    assert not near(pictures[0], pictures[-1])


def test_photos_latents_and_seeds_together(film, run_json, weights, picture, tmp_path):
    code = tmp_path / "code.safetensors"
    run_json("invert", picture, "--aligned", "--weights", weights, "--out", code)
    pictures, facts = film(picture, "seed:1", code, "--aligned", "--frames", 5)
    assert facts["keyframes"] == 3
    assert near(pictures[0], pictures[-1])
    again = pastiche.load(weights).generator(Latent.load(code))
    assert near(pictures[-1], again)


def test_a_file_of_several_codes_is_as_many_keyframes(film, tmp_path):
    path = tmp_path / "walk.safetensors"
    Latent(torch.randn(3, 16, generator=torch.Generator().manual_seed(0)), "z").save(path)
    assert film(path, "--frames", 4)[1]["keyframes"] == 3


def test_from_the_face_to_the_style(film, style, weights):
    pictures, facts = film("seed:1", "--style", style, "--strength", 0, "--strength", 1, "--frames", 3, "--easing", "linear")
    assert facts["styles"] == 1
    generator = pastiche.load(weights).generator
    code = Latent(generator.truncate(generator.mapping(generator.sample_z(1, torch.Generator().manual_seed(1))), 0.7), "w")
    used = pastiche.load_style(style, generator)
    for found, strength in zip(pictures, (0, 0.5, 1), strict=True):
        assert near(found, used(code, strength=strength))


def test_from_style_to_style_in_a_loop(film, learned):
    pictures, facts = film("seed:1", "--style", learned[0], "--style", learned[1], "--frames", 4, "--loop")
    assert (facts["styles"], facts["loop"]) == (2, True)
    assert near(pictures[1], pictures[3])  # half-way there and half-way back
    assert not near(pictures[0], pictures[2])


def test_inversion_is_chosen_as_in_other_commands(run, weights, tmp_path):
    given = ["interpolate", "seed:1", "seed:2", "--weights", weights, "--out", tmp_path / "film.webp", "-n", 2]
    assert run(*given, "--inversion", "hybrid")[0] == 0
    status, _, err = run(*given, "--inversion", "guess")
    assert status == 2
    assert "optimize" in err


def test_mp4(run_json, run, weights, tmp_path):
    path = tmp_path / "film.mp4"
    run_json("interpolate", "seed:1", "seed:2", "-n", 5, "--fps", 12, "--weights", weights, "--out", path)
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 12
        assert len(list(container.decode(video=0))) == 5
    status, out, _ = run("interpolate", "seed:1", "seed:2", "-n", 5, "--weights", weights, "--out", path)
    assert status == 0
    assert "5 frames, 0.2 s" in " ".join(out.split())


def test_swapped_layers_are_a_checkpoint(run_json, weights, style, codes, tmp_path):
    path = tmp_path / "swapped.safetensors"
    facts = run_json("swap-layers", weights, style, "--at", 16, "--softness", 0, "--out", path)
    assert facts["parts"] == ["generator", "discriminator", "encoder"]
    base, found = pastiche.load(weights), pastiche.load(path)
    wanted = pastiche.swap_layers(base.generator, pastiche.load_style(style, base.generator).tuned, 16, softness=0)
    w_plus = codes(wanted)
    assert torch.equal(found.generator.synthesis(w_plus), wanted.synthesis(w_plus))
    assert "style-0.safetensors" in found.source


def test_swapped_with_a_checkpoint(run_json, run, weights, style, tmp_path):
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    run_json("swap-layers", weights, style, "--row", 0, "--softness", 0, "--out", one)
    run_json("swap-layers", weights, one, "--low-from", "tuned", "--out", other)  # 32 is the border where none is given
    assert run("generate", "--weights", other, "--out", tmp_path / "face.png")[0] == 0
    assert one.read_bytes() != other.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("interpolate", "seed:1"), 2, "one face in one style makes no film"),
        (("interpolate", "seed:1", "seed:2", "--strength", 0.5), 2, "give --style too"),
        (("interpolate", "seed:1", "seed:2", "--easing", "bouncy"), 2, "bouncy"),
        (("interpolate", "seed:1", "seed:2", "--frames", 1), 2, "frames"),
        (("interpolate", "seed:one", "seed:2"), 1, "'seed:one' is not a random face"),
        (("interpolate", "seed:1", "missing.png"), 1, "missing.png"),
        (("interpolate", "STYLE", "seed:2"), 1, "not a latent"),
        (("interpolate", "seed:1", "seed:2", "--out", "film.avi"), 1, "a film is written as"),
        (("interpolate", "seed:1", "seed:2", "--fps", 900), 1, "900 frames per second"),
        (("swap-layers", "WEIGHTS", "STYLE", "--at", 8, "--row", 2), 2, "--at or --row"),
        (("swap-layers", "WEIGHTS", "STYLE", "--at", 12), 1, "no resolution 12"),
        (("swap-layers", "WEIGHTS", "missing.pt"), 1, "missing.pt"),
        (("swap-layers", "demo", "STYLE"), 1, "learned on another generator"),
        (("swap-layers", "demo", "WEIGHTS"), 1, "Give two of the same sizes"),
        (("swap-layers", "WEIGHTS", "STYLE", "--out", "swapped.pt"), 1, ".safetensors"),
    ],
)
def test_what_can_be_mended_is_one_message(run, weights, style, tmp_path, monkeypatch, arguments, status, said):
    monkeypatch.chdir(tmp_path)
    given = {"STYLE": style, "WEIGHTS": weights}
    extra = ("--weights", weights) if arguments[0] == "interpolate" else ()
    ended, _, err = run(*(given.get(argument, argument) for argument in arguments), *extra)
    assert ended == status
    assert said in " ".join(err.replace("\u2502", " ").split())
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_interrupting_leaves_nothing_half_written(run, weights, tmp_path, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pastiche.stylegan2.Generator.synthesis", interrupted)
    status, _, err = run("interpolate", "seed:1", "seed:2", "--weights", weights, "--out", tmp_path / "film.mp4")
    assert status == 130
    assert "interrupted" in err
    assert not list(tmp_path.iterdir())


def test_swap_layers_looks_at_its_target_before_the_work(run, weights, tmp_path, monkeypatch):
    monkeypatch.setattr("pastiche.cli.swap_layers.load", None)
    (tmp_path / "file").touch()
    for target in (tmp_path, tmp_path / "swapped.pt", tmp_path / "file" / "swapped.safetensors"):
        status, _, err = run("swap-layers", weights, weights, "--out", target)
        assert status == 1
        assert str(target) in err
