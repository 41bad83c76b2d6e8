"""Other files of Pastiche: latents, directions, styles, people and exemplars. `inspect` describes them, `load` refuses them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from ...directions import HEADER as DIRECTIONS_HEADER
from ...dualstylegan import Exemplars
from ...dualstylegan.exemplars import HEADER as EXEMPLARS_HEADER
from ...errors import CheckpointError, PasticheError
from ...latents import CODES, Latent
from ...latents import HEADER as LATENT_HEADER
from ...people.tuned import HEADER as PERSON_HEADER
from ...style_protocol import HEADER as STYLE_HEADER
from ..files import Content
from ..plan import Plan
from ..registry import Format

__all__ = ["SAVED"]

# Formats that may also detect a generator or an encoder in a style's tensors.
OTHERS = ("agilegan", "arcface", "blendgan", "dualstylegan", "dualstylegan-sampler", "nvlabs", "pastiche", "psp", "rosinality")

Said = tuple[Mapping[str, Any], Mapping[str, Any]]  # facts and options of a `Plan`


def _latent(header: str, content: Content) -> Said:
    if CODES not in content.root:
        raise ValueError("it holds no codes")
    latent = Latent(content.root[CODES], header)  # type: ignore[arg-type]  # raises if the space is unknown
    count, *rows, dim = latent.codes.shape
    extras = [name for name in content.root if name != CODES]
    told = {"codes": count, **({"extras": ", ".join(extras)} if extras else {})}
    return {"space": header, "num_layers": rows[0] if rows else None, f"{header[0]}_dim": dim}, told


def _style(header: str, content: Content) -> Said:
    facts = json.loads(header)
    return {}, {**facts, "tensors": len(content.root)}


def _person(header: str, content: Content) -> Said:
    people, rows, dim = Latent(content.root[CODES], "w+").codes.shape
    return {"space": "w+", "num_layers": rows, "w_dim": dim}, {**json.loads(header), "people": people}


def _directions(header: str, _content: Content) -> Said:
    facts = json.loads(header)
    names = ", ".join(str(entry["name"]) for entry in facts["directions"])
    return {}, {"generator": facts["generator"], "generator_name": facts["generator_name"], "directions": names}


def _exemplars(header: str, content: Content) -> Said:
    table = Exemplars(header.splitlines(), _codes(content))
    _, rows, dim = table.codes.shape
    return {"space": "z+", "num_layers": rows, "z_dim": dim}, {"names": list(table)}


def _codes(content: Content) -> Tensor:
    (codes,) = content.root.values()
    return codes  # type: ignore[no-any-return]


def _format(name: str, header: str, said: Callable[[str, Content], Said], reader: str) -> Format:
    def detect(content: Content) -> bool:
        return header in content.metadata

    def read(content: Content, _request: object) -> Plan:
        try:
            facts, options = said(content.metadata[header], content)
            return Plan(
                format=name, architecture=None, facts=facts, options=options, refusal=f"it is not a checkpoint: {reader}"
            )
        except (PasticheError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise CheckpointError(f"{content.path}: is a damaged {name} file ({error}); save it again") from error

    return Format(name=name, detect=detect, read=read, before=OTHERS)


SAVED = (
    _format("latent", LATENT_HEADER, _latent, "it holds latent codes: load it with Latent.load"),
    _format("style", STYLE_HEADER, _style, "it holds a style: load it with load_style and its generator"),
    _format("person", PERSON_HEADER, _person, "it holds a person: load it with Tuned.load and its generator"),
    _format("directions", DIRECTIONS_HEADER, _directions, "it holds directions: load them with load_directions"),
    _format("exemplars", EXEMPLARS_HEADER, _exemplars, "it holds exemplars of a DualStyleGAN: load them with load_exemplars"),
)
