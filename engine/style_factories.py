"""Factory functions that make styles from pretrained checkpoints.

    style = pastiche.blend_style(checkpoint, reference)            # BlendGAN
    style = pastiche.dual_style(checkpoint, 53, exemplars=codes)   # DualStyleGAN
    style = pastiche.attribute_style(checkpoint, "female")         # AgileGAN

JoJoGAN learns a style from images: see `one_shot`.
"""

import logging
from typing import TypeVar

import torch
from torch import Tensor, nn

from .agilegan import AgileGenerator, AttributeStyle
from .blendgan import INDICATOR, BlendGenerator, BlendStyle, StyleEncoder
from .checkpoints import Checkpoint
from .dualstylegan import CodeSampler, DualSettings, DualStyle, DualStyleGenerator, Exemplars
from .errors import Advice, CheckpointError, StyleError
from .inversion import encode
from .inversion.mapping import invert_mapping
from .stylegan2 import Generator

__all__ = ["attribute_style", "blend_style", "dual_style"]

log = logging.getLogger(__name__)

Wanted = TypeVar("Wanted", bound=Generator)

NO_STYLE_ENCODER = Advice(
    python="pass the one of another file as `style_encoder`, or give a seed instead of a picture",
    command="give the one of another file as --style-encoder, or --style-seed instead of --reference",
    node="connect a Load Style Encoder to Blend Style, or disconnect the reference for a random style",
)
NO_EXEMPLARS = Advice(
    python="pass it as `exemplars` (exstyle_code.npy)",
    command="give it as --exemplars (exstyle_code.npy)",
    node="choose it as exemplars of Dual Style Transfer (exstyle_code.npy)",
)
NO_ENCODER = Advice(
    python="pass it as `encoder`",
    command="give it as --encoder (catalog:dualstylegan-encoder)",
    node="connect a Load Face Encoder to Dual Style Transfer, with space set to z+",
)
NO_SAMPLER = Advice(
    python="pass `sampler` (sampler.pt)",
    command="give it as --sampler (sampler.pt)",
    node="choose it as sampler of Dual Style Transfer (sampler.pt)",
)


def blend_style(
    checkpoint: Checkpoint,
    reference: Tensor | None = None,
    *,
    seed: int | None = None,
    indicator: float = INDICATOR,
    style_encoder: StyleEncoder | None = None,
) -> BlendStyle:
    """BlendGAN: the style of one image, or a random style (Liu et al. 2021).

    Args:
        checkpoint: a BlendGAN.
        reference: any image ``[1, 3, H, W]``, RGB in [-1, 1]; it need not show a face.
        seed: for a random style, instead of a reference.
        indicator: how many of the first rows of w+ ignore the style; 0 gives the strongest style, L the natural face.
        style_encoder: for checkpoints without a style encoder.

    Raises:
        CheckpointError: the checkpoint belongs to another method, or has no style encoder.
        StyleError: not exactly one of `reference` and `seed` was given, or the indicator is out of range.
    """
    generator = _generator(checkpoint, BlendGenerator, "blendgan", "blendgan.pt")
    if reference is None and seed is not None:
        return BlendStyle.from_seed(generator, seed, indicator)
    if reference is None or seed is not None:
        raise StyleError("a style comes from a reference image or from a seed: give one of the two")
    encoder = style_encoder or checkpoint.style_encoder
    if not isinstance(encoder, StyleEncoder):
        raise CheckpointError(
            f"{checkpoint.source} holds no style encoder, which reads the style of a picture", NO_STYLE_ENCODER
        )
    device = next(encoder.parameters()).device
    return BlendStyle.from_reference(generator, encoder, reference.to(device), indicator)


def dual_style(
    checkpoint: Checkpoint,
    exemplar: int | str | Tensor | None = None,
    *,
    exemplars: Exemplars | None = None,
    encoder: nn.Module | None = None,
    seed: int | None = None,
    sampler: CodeSampler | None = None,
    settings: DualSettings | None = None,
) -> DualStyle:
    """DualStyleGAN: the style of an exemplar, of an image, or a random style (Yang et al. 2022).

    Args:
        checkpoint: a DualStyleGAN.
        exemplar: the number or name of one of `exemplars`; or a z+ code ``[L, D]``; or an aligned face in the style
            ``[1, 3, H, W]``, RGB in [-1, 1], which `encoder` reads. Styles that the generator was not trained on
            transfer more in colour than in structure.
        exemplars: the style codes of the generator, if they are not those in the checkpoint; see `load_exemplars`.
        encoder: an encoder to z+, such as DualStyleGAN's. Codes in w+ are brought back to z+ row by row, which comes close
            where they lie near those of random faces.
        seed: for a random style from `sampler`, instead of an exemplar.
        sampler: the sampling network, if the checkpoint has none.
        settings: structure, colour and truncation; by default those of the released code.

    Raises:
        CheckpointError: the checkpoint belongs to another method, or has no sampler.
        StyleError: there is no such exemplar, or an argument that it needs is missing.
    """
    generator = _generator(checkpoint, DualStyleGenerator, "dualstylegan", "STYLE/generator.pt")
    if (exemplar is None) == (seed is None):
        raise StyleError("a style comes from an exemplar or from a seed: give one of the two")
    if isinstance(exemplar, Tensor):
        code = exemplar if exemplar.ndim == 2 else _read(exemplar, encoder, generator)
    elif exemplar is None:
        assert seed is not None
        code = _drawn(sampler or checkpoint.sampler, seed, checkpoint.source)
    elif exemplars is not None:
        code = exemplars[exemplar]
    elif checkpoint.exemplars is not None:
        code = checkpoint.exemplars.exemplars[exemplar]
    else:
        raise StyleError(f"exemplar {exemplar!r} is one of a table of codes, which is not there", NO_EXEMPLARS)
    return DualStyle(generator, code, settings)


def attribute_style(
    checkpoint: Checkpoint, attribute: int | float | str = 0, *, source: Generator | None = None
) -> AttributeStyle:
    """AgileGAN: a generator that was fine-tuned to a style, with a path for each attribute (Song et al. 2021).

    Args:
        checkpoint: an AgileGAN.
        attribute: the path, by number or name ("female", "male" in the published files), or a fraction between two paths.
        source: the face generator that it was fine-tuned from, which the encoder's file holds; the checkpoint's `base` if
            not given. It is needed for strengths below 1, and to map the codes of AgileGAN's encoder.

    Raises:
        CheckpointError: the checkpoint belongs to another method.
        StyleError: there is no such attribute, or `source` has other sizes.
    """
    generator = _generator(checkpoint, AgileGenerator, "agilegan", "cartoon.pt")
    return AttributeStyle(generator, checkpoint.base if source is None else source, attribute)


def _generator(checkpoint: Checkpoint, kind: type[Wanted], method: str, example: str) -> Wanted:
    if not isinstance(checkpoint.generator, kind):
        raise CheckpointError(
            f"{checkpoint.source} has the architecture {checkpoint.architecture}, but this style needs {method}: "
            f"give such a checkpoint, for example the authors' {example}"
        )
    return checkpoint.generator


def _read(picture: Tensor, encoder: nn.Module | None, generator: Generator) -> Tensor:
    """The z+ code ``[L, D]`` of an image in the style."""
    if encoder is None:
        raise StyleError("a picture is read as a style by an encoder that gives z+ codes, and there is none", NO_ENCODER)
    if len(picture) != 1:
        raise StyleError(f"a style is read from one image, not {len(picture)}: make one style of each, and blend them")
    latent = encode(picture.to(next(encoder.parameters()).device), encoder, generator)
    if latent.space == "z+":
        return latent.codes[0]
    log.info("the encoder gives codes in %s, and the style's is brought back to z+ row by row", latent.space)
    return invert_mapping(generator, generator.to_w_plus(latent).codes, seed=0)[0]


def _drawn(sampler: nn.Module | None, seed: int, source: str) -> Tensor:
    if not isinstance(sampler, CodeSampler):
        raise CheckpointError(f"{source} holds no sampling network, which random styles need", NO_SAMPLER)
    rng = torch.Generator("cpu").manual_seed(seed)
    return sampler.sample(1, rng)[0]
