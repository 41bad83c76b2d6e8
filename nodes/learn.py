"""Learning a style from pictures (JoJoGAN)."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from . import comfy
from .inputs import Table, choice, integer, number, seed, socket, text
from .node import Node
from .pictures import from_comfy
from .sockets import ENCODER, GENERATOR, LATENT, STYLE, Networks, StyledNetworks, learning

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..engine import JoJoStyle, Latent, OneShot

__all__ = ["FinetuneOneShot"]

AUTOMATIC = "automatic"
PRESETS = (
    AUTOMATIC,
    "default",
    "release",
    "keep-color",
    "release-keep-color",
    "strong",
    "gentle",
    "extreme",
    "paper",
    "quick",
    "demo",
)
AS_PRESET = "as the preset"
YES_NO = {"yes": True, "no": False}
KEPT = 2  # styles that are remembered, each as large as a generator


class FinetuneOneShot(Node):
    """Finetune One-Shot."""

    CATEGORY = "Pastiche/styles"
    DESCRIPTION = (
        "Learns a style from one aligned picture, or from several of the same "
        "style (JoJoGAN): half a minute on the demo models, "
        "a minute or so on a graphics card at 1024 pixels. The preview draws the reference itself."
    )
    RETURN_TYPES = (STYLE, GENERATOR)
    RETURN_NAMES = ("style", "tuned")
    OUTPUT_TOOLTIPS = (
        "The style, for Stylize.",
        "The generator as it is after learning, for Swap Layers and Generate Faces.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "generator": socket(GENERATOR, "With the discriminator that it was trained with, as the file holds it."),
                "references": socket("IMAGE", "Aligned pictures of one style, as a batch. One is enough."),
                "preset": choice(
                    PRESETS,
                    "automatic: demo for the demo models, else default. keep-color "
                    "keeps the photo's colours; strong and gentle "
                    "change how much; extreme is for animals and masks; paper mixes styles as the paper does; quick for a try.",
                ),
                "seed": seed("0 to 9223372036854775807. Source of chance while learning: the same seed learns the same style."),
            },
            "optional": {
                "encoder": socket(ENCODER, "Finds the references' latents; without one, that of the generator's own file."),
                "latents": socket(LATENT, "The references' latents, if they are known: in place of an encoder."),
                "steps": integer(
                    0, 0, 5000, "0 to 5000: more follow the reference more closely. 0: as the preset says, 80 to 300."
                ),
                "learning_rate": number(
                    0.0, 0, 0.05, "0 to 0.05: how far each step goes. 0: as the preset says, 0.002 to 0.004.", step=0.0005
                ),
                "colors": choice(
                    (AS_PRESET, "take", "keep"),
                    "take: the reference's colours. keep: the photo's, only the drawing is learned.",
                ),
                "mix": number(
                    -1.0,
                    -1,
                    1,
                    (
                        "0 to 1: how far textures are exchanged for other faces' while "
                        "learning; lower is gentler. -1: as the preset."
                    ),
                ),
                "realism": number(
                    -1.0,
                    -1,
                    1,
                    "0 to 1: how far the reference's latent is moved to the mean face: a stronger style. -1: as the preset.",
                ),
                "extreme": choice(
                    (AS_PRESET, *YES_NO), "yes: learn around the mean face, for references that no encoder understands."
                ),
                "space": choice((AS_PRESET, "w+", "s"), "Where styles are mixed: w+ as the release does, s as the paper does."),
                "rows": text(
                    "", "Rows of w+ that are exchanged, such as 7, 8, 9; empty: as the preset says. Row 0 is the coarsest."
                ),
                "blocks": text(
                    "", "Blocks of the discriminator that compare pictures, such as 1, 3, 4, 5; empty: as the preset."
                ),
                "noise": choice(
                    (AS_PRESET, "random", "fixed"), "Of the generator while it learns; fixed learns textures by heart."
                ),
                "identity": socket(ENCODER, "An ArcFace network from Load Face Encoder, which keeps faces recognisable."),
                "identity_weight": number(
                    0.0, 0, 10, "0 to 10: how much likeness counts while learning; needs identity.", step=0.001
                ),
                "reconstruction": number(
                    -1.0,
                    -1,
                    10,
                    "0 to 10: how much pixels and edges count beside the discriminator's features: less grain, softer. "
                    "-1: as the preset.",
                ),
            },
        }

    def run(
        self,
        generator: Networks,
        references: Tensor,
        preset: str,
        seed: int,
        encoder: Networks | None = None,
        latents: Latent | None = None,
        identity: Networks | None = None,
        **options: Any,
    ) -> tuple[StyledNetworks, Networks]:
        """Learn, unless these very pictures were learned before."""
        chosen = settings(preset, generator, options)
        pictures = from_comfy(references)
        key = content(generator, pictures, encoder, latents, identity, chosen, seed)
        if key in REMEMBERED:
            REMEMBERED.move_to_end(key)
            return styled(generator, *REMEMBERED[key])
        owner = generator if encoder is None else encoder
        learned = learn(generator, pictures, owner.checkpoint.encoder, owner, latents, identity, chosen, seed)
        REMEMBERED[key] = learned, comfy.patcher(learned.tuned)
        while len(REMEMBERED) > KEPT:
            REMEMBERED.popitem(last=False)
        return styled(generator, *REMEMBERED[key])


REMEMBERED: OrderedDict[str, tuple[JoJoStyle, comfy.Patcher]] = OrderedDict()


def learn(
    generator: Networks,
    pictures: Tensor,
    encoder: nn.Module | None,
    owner: Networks,
    latents: Latent | None,
    identity: Networks | None,
    chosen: OneShot,
    seed: int,
) -> JoJoStyle:
    """Learn a style from pictures ``[N, 3, H, W]``."""
    from .. import engine as pastiche

    model = generator.checkpoint.stylegan2
    if generator.checkpoint.discriminator is None:
        raise pastiche.CheckpointError(
            f"{generator.checkpoint.source} has no discriminator, which learning a style needs: load a checkpoint that has one "
            "(stylegan2-ffhq-config-f.pt, an NVIDIA .pkl)"
        )
    if identity is not None:
        identity.ready("encoder")
    device = generator.ready("generator", "discriminator", "encoder", beside=owner, memory=learning(model.resolution))
    try:
        return pastiche.one_shot(
            model,
            generator.checkpoint.discriminator,
            pictures.to(device),
            encoder=encoder,
            latents=None if latents is None else latents.to(device),
            settings=chosen,
            seed=seed,
            identity=None if identity is None else identity.checkpoint.encoder,
            progress=comfy.Watch(),
        )
    finally:  # also when the user cancels
        comfy.release()


def styled(generator: Networks, learned: JoJoStyle, patcher: comfy.Patcher) -> tuple[StyledNetworks, Networks]:
    """A style and its tuned generator, as they travel along wires."""
    from ..engine import JoJoStyle

    tuned = generator.with_generator(learned.tuned, "tuned", patcher)
    style = JoJoStyle(generator.checkpoint.stylegan2, learned.tuned, learned.settings)
    return StyledNetworks.of(style, generator, tuned), tuned


def settings(preset: str, generator: Networks, options: dict[str, Any]) -> OneShot:
    """The preset, with what was chosen otherwise."""
    from ..engine.jojogan import preset as named

    base = named(("demo" if generator.ships else "default") if preset == AUTOMATIC else preset)
    changes: dict[str, Any] = {}
    for name, field in (("steps", "steps"), ("learning_rate", "lr"), ("identity_weight", "identity")):
        if options.get(name):
            changes[field] = options[name]
    for name, field in (("mix", "alpha"), ("realism", "virtual"), ("reconstruction", "reconstruction")):
        if options.get(name, -1) >= 0:
            changes[field] = options[name]
    for name in ("rows", "blocks"):
        if options.get(name, "").strip():
            changes[name] = whole_numbers(name, options[name])
    for name in ("space", "noise"):
        if options.get(name, AS_PRESET) != AS_PRESET:
            changes[name] = options[name]
    if options.get("extreme", AS_PRESET) != AS_PRESET:
        changes["extreme"] = YES_NO[options["extreme"]]
    if options.get("colors", AS_PRESET) != AS_PRESET:
        changes |= {"keep_color": options["colors"] == "keep", "greyscale": options["colors"] == "keep"}
    return replace(base, **changes)


def whole_numbers(name: str, given: str) -> tuple[int, ...]:
    """Numbers that were written with commas or spaces between them."""
    from ..engine import StyleError

    try:
        return tuple(int(part) for part in given.replace(",", " ").split())
    except ValueError:
        raise StyleError(f"{name} is {given!r}: write whole numbers with commas between them, such as 7, 8, 9") from None


def content(
    generator: Networks,
    pictures: Tensor,
    encoder: Networks | None,
    latents: Latent | None,
    identity: Networks | None,
    chosen: OneShot,
    seed: int,
) -> str:
    """What a style depends on, as one word: the pixels and the weights themselves, whatever files they came from."""
    from ..engine.stylegan2.fingerprint import fingerprint

    digest = hashlib.sha256(pictures.contiguous().numpy().tobytes())
    digest.update(fingerprint(generator.checkpoint.stylegan2).encode())
    if latents is not None:
        digest.update(latents.codes.contiguous().numpy().tobytes())
    sources = [None if networks is None else networks.checkpoint.source for networks in (generator, encoder, identity)]
    digest.update(json.dumps([asdict(chosen), seed, sources], sort_keys=True).encode())
    return digest.hexdigest()
