"""A bundle with a model of every method, of random weights and a few channels; for `tests/conftest.py` alone."""

from copy import deepcopy
from dataclasses import replace

import torch

import pastiche
from pastiche.agilegan.paths import with_paths
from pastiche.blendgan import StyleEncoder, StyleEncoderConfig
from pastiche.blendgan.training.start import blend_generator
from pastiche.checkpoints import Checkpoint
from pastiche.demo.methods import write_models
from pastiche.dualstylegan import CodeSampler, DualStyleConfig, DualStyleGenerator, Exemplars, ExemplarTable, SamplerConfig
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.encoders.compact_methods import CompactVariationalEncoder

__all__ = ["write_bundle"]

STYLES = ("ink", "toon")


def write_bundle(folder, generator, discriminator):
    """Write the base and three methods' models, stored as those that ship.

    Args:
        generator, discriminator: of the base; their resolution is the bundle's.
    """
    torch.manual_seed(3)
    sizes = {"channels": (8, 8, 16, 16, 16), "hidden": 32, "num_layers": generator.num_layers}
    encoder = CompactEncoder(CompactEncoderConfig(w_dim=generator.latent_dim, **sizes)).eval()
    encoder.latent_avg.copy_(generator.w_avg)
    faces = Checkpoint(
        architecture="stylegan2", generator=generator, discriminator=discriminator, encoder=encoder, source="pastiche-demo"
    )
    folder.mkdir(parents=True, exist_ok=True)
    pastiche.save(faces, folder / "faces.safetensors", dtype=torch.float16)
    base = pastiche.load(folder / "faces.safetensors")
    reader = CompactVariationalEncoder(CompactEncoderConfig(w_dim=generator.config.z_dim, **sizes))
    write_models(_blendgan(base) | _dualstylegan(base, reader) | _agilegan(base, reader), base, folder)


def _blendgan(base):
    code_dim = 10
    generator = blend_generator(base.generator, code_dim=code_dim, code_layers=2, face_share=0.5)
    reader = StyleEncoder(StyleEncoderConfig(widths=(4, 4, 8, 8, 8), code_dim=code_dim))
    return {"blendgan": Checkpoint(architecture="blendgan", generator=_moved(generator), style_encoder=reader)}


def _dualstylegan(base, reader):
    sizes = vars(base.generator.config)
    generator = DualStyleGenerator(DualStyleConfig(**sizes))
    generator.load_state_dict({**generator.state_dict(), **base.generator.state_dict()})
    rows, dim = generator.num_layers, generator.config.z_dim
    table = ExemplarTable.of(Exemplars(("ann", "bob"), torch.randn(2, rows, dim)))
    split = SamplerConfig(structure_rows=7, color_rows=rows - 7, w_dim=dim, noise_dim=8, hidden=8)
    parts = {"encoder": deepcopy(reader), "exemplars": table, "sampler": CodeSampler(split)}
    return {"dualstylegan": Checkpoint(architecture="dualstylegan", generator=_moved(generator), **parts)}


def _agilegan(base, reader):
    plain = Checkpoint(architecture="agilegan")
    models = {
        f"agilegan-{style}": replace(plain, generator=_moved(with_paths(base.generator, ("female", "male"), split=16)))
        for style in STYLES
    }
    return models | {"agilegan-encoder": Checkpoint(architecture="hvae", encoder=deepcopy(reader))}


@torch.no_grad()
def _moved(generator):
    """The generator with changes of a hundredth, other ones at each call."""
    for value in generator.parameters():
        value.add_(0.01 * torch.randn_like(value))
    return generator
