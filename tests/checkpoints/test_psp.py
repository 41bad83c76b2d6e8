"""Encoder files of pSp and e4e."""

import argparse

import pytest
import torch

from pastiche import checkpoints
from pastiche.errors import CheckpointError

PSP = {"encoder_type": "GradualStyleEncoder", "output_size": 16, "start_from_latent_avg": True}
E4E = {"encoder_type": "Encoder4Editing", "stylegan_size": 16, "start_from_latent_avg": True}


@pytest.fixture
def images():
    return torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(("architecture", "opts"), [("psp", PSP), ("e4e", E4E)])
@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        (4, {"w_dim": 8, "stem": 4, "widths": (4, 8, 8, 16)}),
        (6, {"w_dim": 16, "stem": 8, "widths": (16, 8, 16, 32)}),
        (14, {"w_dim": 24, "stem": 8, "widths": (8, 8, 8, 8)}),
        (18, {"w_dim": 8, "stem": 16, "widths": (4, 4, 4, 4)}),
    ],
)
def test_every_size_is_found_in_the_shapes(published, through, equal, tmp_path, architecture, opts, rows, sizes):
    encoder = published.encoder(rows, seed=rows, progressive=architecture == "e4e", **sizes)
    checkpoint = through(published.psp(encoder, **opts))
    assert checkpoint.architecture == architecture
    assert checkpoint.encoder.config == encoder.config
    equal(checkpoint.encoder, encoder)
    own = tmp_path / "own.safetensors"
    checkpoints.save(checkpoint, own)
    again = checkpoints.load(own)
    assert (again.architecture, again.encoder.config) == (architecture, encoder.config)
    assert again.options == checkpoint.options
    equal(again.encoder, encoder)


def test_the_decoder_is_the_generator(published, through, equal, images):
    encoder, generator = published.encoder(6), published.generator(16)
    checkpoint = through(published.psp(encoder, generator, **PSP))
    assert torch.equal(checkpoint.encoder(images).codes, encoder(images).codes)
    generator.w_avg.copy_(generator.estimate_w_avg())  # the rows of the mean code differ here, so that it is no mean w
    equal(checkpoint.generator, generator)
    assert list(checkpoint.modules) == ["generator", "encoder"]


def test_a_decoder_of_another_architecture_is_left_out(published, saved):
    root = published.psp(published.encoder(6), published.generator(16), **PSP)
    root["state_dict"]["decoder.embedding.1.weight"] = torch.zeros(2, 2)
    path = saved(root)
    assert list(checkpoints.load(path).modules) == ["encoder"]
    assert "The decoder is not a plain StyleGAN2, and is left out." in checkpoints.inspect(path).notes


def test_a_mean_code_of_equal_rows_is_the_mean_w(published, through):
    encoder = published.encoder(6)
    encoder.latent_avg.copy_(encoder.latent_avg[:1].expand(6, -1).clone())
    checkpoint = through(published.psp(encoder, published.generator(16), **PSP))
    assert torch.equal(checkpoint.w_avg, encoder.latent_avg[0])


@pytest.mark.parametrize(
    ("opts", "found"),
    [
        ({"encoder_type": "GradualStyleEncoder", "stylegan_size": 16}, "psp"),
        ({"encoder_type": "Encoder4Editing"}, "e4e"),
        ({"stylegan_size": 16}, "e4e"),
        ({"output_size": 16}, "psp"),
        (argparse.Namespace(encoder_type="Encoder4Editing"), "e4e"),
    ],
)
def test_the_options_tell_which_encoder_it_is(published, saved, opts, found):
    root = published.psp(published.encoder(4)) | {"opts": opts}
    path = saved(root)
    checkpoint = checkpoints.load(path)
    assert checkpoint.architecture == checkpoints.inspect(path).architecture == found
    assert checkpoint.encoder.config.progressive == (found == "e4e")


@pytest.mark.parametrize("opts", [None, {}, {"stylegan_size": 16, "output_size": 16}, {"encoder_type": "BackboneEncoder"}])
def test_without_options_the_caller_has_to_say(published, saved, opts):
    root = published.psp(published.encoder(4)) | {"opts": opts}
    path = saved(root)
    with pytest.raises(CheckpointError, match="pass architecture='psp' or 'e4e'"):
        checkpoints.load(path)
    facts = checkpoints.inspect(path)
    assert facts.architecture is None
    assert facts.notes[-1].startswith("load refuses it: it")
    for architecture in ("psp", "e4e"):
        checkpoint = checkpoints.load(path, architecture=architecture)
        assert checkpoint.architecture == architecture
        assert checkpoint.encoder.config.progressive == (architecture == "e4e")


def test_the_space_is_what_the_caller_says(published, saved, tmp_path, images):
    path = saved(published.psp(published.encoder(4), **PSP))
    assert checkpoints.load(path).encoder(images).space == "w+"
    assert "z+" in checkpoints.inspect(path).notes[0]
    checkpoint = checkpoints.load(path, space="z+")
    assert checkpoint.encoder(images).space == "z+"
    checkpoints.save(checkpoint, tmp_path / "own.safetensors")
    assert checkpoints.load(tmp_path / "own.safetensors").encoder.config.space == "z+"
    assert checkpoints.inspect(tmp_path / "own.safetensors").space == "z+"
    with pytest.raises(CheckpointError, match="not in 's'"):
        checkpoints.load(path, space="s")


@pytest.mark.parametrize(
    ("opts", "added"), [(PSP, True), ({**PSP, "start_from_latent_avg": False}, False), ({"output_size": 16}, True)]
)
def test_the_mean_code_is_added_as_the_options_say(published, through, images, opts, added):
    root = published.psp(published.encoder(4), **opts)
    loaded = through(root).encoder
    assert torch.equal(loaded(images).codes, loaded.codes(images) + root["latent_avg"] * added)


@pytest.mark.parametrize("shape", [(16,), (1, 16)])
def test_one_row_of_the_mean_code_counts_for_all(published, through, shape):
    root = published.psp(published.encoder(4), **PSP)
    root["latent_avg"] = root["latent_avg"][0].reshape(shape).clone()
    assert torch.equal(through(root).encoder.latent_avg, root["latent_avg"].expand(4, 16))


def test_without_a_mean_code_the_generators_is_taken(published, through):
    generator = published.generator(16)
    root = published.psp(published.encoder(6), generator, **E4E)
    del root["latent_avg"]
    assert torch.equal(through(root).encoder.latent_avg, generator.estimate_w_avg().expand(6, 16))
    root = published.psp(published.encoder(6), **E4E)
    del root["latent_avg"]
    with pytest.raises(CheckpointError, match="the file has no latent_avg"):
        through(root)
    root["opts"]["start_from_latent_avg"] = False
    assert not through(root).encoder.latent_avg.any()


def test_a_mean_code_for_another_generator(published, through):
    root = published.psp(published.encoder(6), **PSP)
    root["latent_avg"] = torch.zeros(18, 16)
    with pytest.raises(CheckpointError, match=r"latent_avg \(expected \[6, 16\], found \[18, 16\]\)"):
        through(root)


def test_counters_of_batches_may_be_missing(published, through, equal):
    encoder = published.encoder(4)
    root = published.psp(encoder, **PSP)
    root["state_dict"] = {key: value for key, value in root["state_dict"].items() if "num_batches_tracked" not in key}
    equal(through(root).encoder, encoder)


def test_a_checkpoint_to_resume_training_from(published, through, equal):
    encoder = published.encoder(4, progressive=True)
    resuming = {
        "global_step": 1000,
        "optimizer": {
            "state": {0: {"step": 5, "exp_avg": torch.zeros(3)}},
            "param_groups": [{"lr": 1e-4, "betas": (0.95, 0.999)}],
        },
        "best_val_loss": 0.5,
        "discriminator_state_dict": {"mlp.0.weight": torch.zeros(2, 2)},
    }
    equal(through(published.psp(encoder, **E4E) | resuming).encoder, encoder)


def test_options_of_the_training_machine_are_left_out(published, through):
    opts = {**PSP, "device": "cuda:0", "exp_dir": "/home/someone/experiments", "learning_rate": 1e-4}
    assert through(published.psp(published.encoder(4), **opts)).options == PSP


def test_keys_without_a_wrapper(published, through, equal):
    encoder = published.encoder(4)
    root = published.psp(encoder)
    checkpoint = through(root["state_dict"] | {"latent_avg": root["latent_avg"]}, architecture="e4e")
    assert checkpoint.encoder.latent_avg.equal(encoder.latent_avg)


def test_a_head_that_is_missing(published, through):
    root = published.psp(published.encoder(4), **PSP)
    del root["state_dict"]["encoder.styles.1.convs.2.weight"]
    with pytest.raises(CheckpointError, match=r"its encoder lacks styles\.1\.convs\.2\.weight"):
        through(root)
