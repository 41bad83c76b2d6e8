"""`pastiche bench`: that what it compares computes the same, and that folders are timed with their steps."""

import platform

import pytest
import torch

from pastiche.bench.inversion import METHODS, Networks, compare_inversions
from pastiche.bench.meter import peak_memory
from pastiche.bench.networks import NETWORKS, measure_network
from pastiche.bench.streams import measure_folder
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.encoders.compact_methods import CompactRestyleEncoder
from pastiche.inversion import PivotalTuning
from pastiche.jojogan import JoJoStyle, OneShot


@pytest.mark.slow
@pytest.mark.parametrize("name", ["agilegan", "blendgan", "dualstylegan"])
def test_both_forms_agree(name):
    published, exact, rough = measure_network(name, 64, torch.device("cpu"), rounds=1)
    assert [row.what for row in (published, exact, rough)] == ["published", "float32", "bfloat16"]
    assert published.ratio == 1
    assert published.error == 0
    assert exact.error < 1e-4
    assert 1e-4 < rough.error < 0.3


def test_a_network_that_is_not_there(monkeypatch, capsys):
    from pastiche.cli import main

    monkeypatch.setattr("sys.argv", ["pastiche", "bench", "--network", "nothing"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert all(name in message for name in ("nothing", *NETWORKS))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators do not give memory back when asked")
def test_memory_that_was_freed_before_counts_again():
    def work():
        return [torch.ones(60_000) for _ in range(200)]  # 48 MB

    found = [peak_memory(work, torch.device("cpu")) for _ in range(3)]
    if None in found:
        pytest.skip("this system does not report the peak")
    assert min(found) > 40e6


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_folder_is_timed_beside_its_steps(small_generator, suffix):
    generator = small_generator(32)
    config = CompactEncoderConfig(
        num_layers=generator.num_layers, w_dim=generator.latent_dim, channels=(8, 8, 16, 16, 16), hidden=32
    )
    encoder = CompactEncoder(config).eval().requires_grad_(False)
    style = JoJoStyle(generator, generator, OneShot())
    found = measure_folder(style, generator, encoder, count=5, batch=2, rounds=1, suffix=suffix)
    assert (found.what, found.items) == ("folder", 5)
    assert set(found.parts) == {"reading", "encoding", "drawing", "writing"}
    assert found.of_parts == pytest.approx(sum(found.parts.values()) / found.seconds)
    assert found.of_drawing < found.of_parts


def test_every_encoder_that_refines_its_codes_is_compared_with_one_step_of_it(small_generator, small_discriminator):
    generator = small_generator(32)
    config = CompactEncoderConfig(
        num_layers=generator.num_layers,
        w_dim=generator.latent_dim,
        split=2,
        channels=(8, 8, 16, 16, 16, 16),
        hidden=32,
        in_channels=6,
    )
    torch.manual_seed(0)
    encoder = CompactRestyleEncoder(config).eval().requires_grad_(False)
    encoder.latent_avg.copy_(generator.w_avg)
    encoder.spread.fill_(0.1)
    faces = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    networks = Networks(generator=generator, encoder=encoder, discriminator=small_discriminator(32))
    found = compare_inversions(faces, networks, steps=1, refinement=1, tuning=PivotalTuning(steps=1))
    assert [row.method for row in found] == list(METHODS)
    drawn = {row.method: row.images for row in found}
    once = generator(encoder.refine(faces, generator, steps=1)).clamp(-1, 1)
    assert torch.allclose(drawn["encoder"], once, atol=1e-5)
    assert torch.allclose(drawn["restyle"], generator(encoder.refine(faces, generator)).clamp(-1, 1), atol=1e-5)
    assert not torch.allclose(drawn["encoder"], drawn["restyle"], atol=1e-4)
