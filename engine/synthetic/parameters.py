"""What a synthetic portrait shows, as numbers drawn from a Gaussian.

Every parameter is a smooth, monotone function of one or a few coordinates of z ~ N(0, I), so that a
portrait can be named by its z, a path through z is a smooth change of portrait, and a generator can be
taught z -> picture. Kinds that people sort into classes (hair styles, beards, glasses) are regions of
continuous parameters, not switches: half-way between two of them is a portrait as well.
"""

from dataclasses import dataclass, fields
from math import sqrt

import torch
from torch import Tensor

__all__ = ["COORDINATES", "Attributes", "Parameters", "attributes", "parameters"]

COORDINATES = [
    # who
    "masculine",
    "age",
    "skin",
    "undertone",
    "freckles",
    "blush",
    "olive",
    "texture",
    "stubble",
    "makeup",
    "makeup_hue",
    # shape of head and face
    "face_width",
    "jaw_width",
    "chin_length",
    "cheeks",
    "forehead",
    "head_height",
    "neck",
    "nose_length",
    "nose_width",
    "nose_tip",
    "nose_bridge",
    "eye_size",
    "eye_spacing",
    "eye_tilt",
    "brow_height",
    "brow_width",
    "brow_arch",
    "brow_tilt",
    "mouth_width",
    "lip_upper",
    "lip_lower",
    "mouth_height",
    "ear_size",
    # what the face does
    "smile",
    "mouth_open",
    "brow_raise",
    "eye_open",
    "gaze_x",
    "gaze_y",
    "yaw",
    "pitch",
    "roll",
    # hair
    "hair_tone",
    "hair_warmth",
    "hair_dye",
    "hair_length",
    "hair_volume",
    "hair_curl",
    "hair_sides",
    "fringe",
    "parting",
    "bun",
    "bald",
    "beard",
    "moustache",
    "hair_lift",
    "hair_fade",
    "hair_part",
    "hair_messy",
    "braids",
    "receding",
    "goatee",
    "beard_length",
    # what is worn
    "glasses",
    "glasses_shape",
    "glasses_tone",
    "glasses_rim",
    "hat",
    "hat_kind",
    "earrings",
    "cloth_hue",
    "cloth_tone",
    "cloth_sat",
    "collar",
    "stripes",
    "cloth_style",
    "pattern",
    # light and background
    "light_x",
    "light_y",
    "light_warmth",
    "light_contrast",
    "light_size",
    "exposure",
    "fill_warmth",
    "rim",
    "back_hue",
    "back_tone",
    "back_sat",
    "back_shape",
    "back_place",
    "eye_hue",
    "eye_tone",
    "lip_tone",
]

INDEX = {name: index for index, name in enumerate(COORDINATES)}


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """N portraits; every field is float32 ``[N, 1]`` unless said otherwise.

    Lengths are in head units: the eyes lie at y = 0, about 0.36 to each side, the chin near y = -1.2.
    Angles are in radians. Amounts run from 0 to 1. Colours are linear RGB ``[N, 3]`` in [0, 1].
    """

    masculine: Tensor  # -1 feminine to 1 masculine presentation
    age: Tensor  # years
    face_width: Tensor
    jaw_width: Tensor
    chin_length: Tensor
    cheeks: Tensor
    forehead: Tensor
    head_height: Tensor
    neck: Tensor
    nose_length: Tensor
    nose_width: Tensor
    nose_tip: Tensor  # upturned > 0
    nose_bridge: Tensor
    eye_size: Tensor
    eye_x: Tensor  # half the distance between the eyes
    eye_tilt: Tensor
    eye_open: Tensor
    gaze_x: Tensor
    gaze_y: Tensor
    brow_y: Tensor
    brow_width: Tensor  # thickness
    brow_arch: Tensor
    brow_tilt: Tensor
    mouth_y: Tensor
    mouth_width: Tensor
    lip_upper: Tensor
    lip_lower: Tensor
    smile: Tensor  # -1 sad to 1 happy
    mouth_open: Tensor
    ear_size: Tensor
    yaw: Tensor
    pitch: Tensor
    roll: Tensor
    hair_length: Tensor  # y reached by the tips, counted downwards from the eyes
    hair_back: Tensor  # how much hair hangs behind and beside the neck
    hair_volume: Tensor  # thickness over the skull
    hair_curl: Tensor
    hair_sides: Tensor  # in front of the ears
    hairline: Tensor  # height of its edge over the forehead
    fringe: Tensor
    parting: Tensor  # x of the parting
    parted: Tensor  # strands run from the parting (1) or from the crown (0)
    lifted: Tensor  # combed back and up from the forehead
    fade: Tensor  # thickness of the sides, as a part of the top's
    hair_messy: Tensor
    braids: Tensor
    receding: Tensor  # corners of the hairline
    bun: Tensor
    bald: Tensor
    beard: Tensor
    moustache: Tensor
    goatee: Tensor  # the beard is on the chin only
    beard_length: Tensor
    wrinkles: Tensor
    freckles: Tensor
    blush: Tensor
    texture: Tensor  # how uneven the skin is
    oil: Tensor  # how much it shines, about 1
    hollow: Tensor  # shadows around the eyes
    moles: Tensor  # which of them there are: any real
    stubble: Tensor
    makeup: Tensor
    glasses: Tensor
    glasses_round: Tensor
    glasses_cat: Tensor
    glasses_drop: Tensor  # aviator
    glasses_thick: Tensor
    glasses_rimless: Tensor
    glasses_dark: Tensor  # sunglasses
    hat: Tensor
    hat_knit: Tensor  # beanie
    hat_peak: Tensor  # cap
    hat_brim: Tensor
    hat_scarf: Tensor  # head scarf
    earrings: Tensor
    collar: Tensor  # 0 crew neck, 0.5 V, 1 turtleneck
    stripes: Tensor  # stripes or plaid
    plaid: Tensor
    knit: Tensor
    shirt: Tensor  # a shirt's collar
    suit: Tensor  # jacket over a shirt
    hood: Tensor
    bare: Tensor  # bare shoulders
    scarf: Tensor
    rim: Tensor  # strength of the second light, from behind
    light_contrast: Tensor
    light_size: Tensor  # 0 hard sun to 1 a soft box
    exposure: Tensor
    back_shape: Tensor  # which kind of backdrop
    back_place: Tensor  # where in it: any real
    light: Tensor  # unit vector towards the key light [N, 3]
    light_color: Tensor
    fill_color: Tensor
    shadow: Tensor  # make-up on the lids
    skin: Tensor
    lips: Tensor
    hair: Tensor
    brow: Tensor
    iris: Tensor
    frame: Tensor
    cloth: Tensor
    cloth2: Tensor
    hat_color: Tensor
    back: Tensor
    back2: Tensor

    def __len__(self) -> int:
        return len(self.age)

    def __getitem__(self, rows: slice) -> "Parameters":
        return Parameters(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def replace(self, **changes: Tensor) -> "Parameters":
        """The same portraits with some parameters changed."""
        return Parameters(**{field.name: changes.get(field.name, getattr(self, field.name)) for field in fields(self)})

    def to(self, device: torch.device | str) -> "Parameters":
        return Parameters(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Labels of N portraits, each ``[N]``: what an attribute-aware method trains on."""

    masculine: Tensor  # bool
    age: Tensor  # years
    glasses: Tensor  # bool
    beard: Tensor  # bool
    smiling: Tensor  # bool
    hair: list[str]  # bald, short, bob, long, curly, braids, bun
    hat: list[str]  # none, beanie, cap, brimmed, scarf
    sunglasses: Tensor  # bool; they count as glasses too
    earrings: Tensor  # bool


HATS = ("beanie", "cap", "brimmed", "scarf")


def attributes(p: Parameters) -> Attributes:
    """What a person would say of each portrait."""
    hair = [_hair_kind(*row) for row in torch.cat([p.bald, p.bun, p.braids, p.hair_curl, p.hair_length], dim=1).tolist()]
    kinds = torch.cat([p.hat_knit, p.hat_peak, p.hat_brim, p.hat_scarf], dim=1).argmax(dim=1).tolist()
    worn = (p.hat[:, 0] > 0.5).tolist()
    return Attributes(
        masculine=p.masculine[:, 0] > 0,
        age=p.age[:, 0],
        glasses=p.glasses[:, 0] > 0.5,
        beard=p.beard[:, 0] > 0.5,
        smiling=p.smile[:, 0] > 0.35,
        hair=hair,
        hat=[HATS[kind] if has else "none" for kind, has in zip(kinds, worn, strict=True)],
        sunglasses=(p.glasses[:, 0] > 0.5) & (p.glasses_dark[:, 0] > 0.5),
        earrings=p.earrings[:, 0] > 0.5,
    )


def _hair_kind(bald: float, bun: float, braids: float, curl: float, length: float) -> str:
    if bald > 0.5:
        return "bald"
    if bun > 0.5:
        return "bun"
    if braids > 0.5:
        return "braids"
    if curl > 0.6:
        return "curly"
    return "short" if length < 0.35 else "bob" if length < 1.15 else "long"


class _Draw:
    """Coordinates of z by name, and the shapes of distribution that parameters take."""

    def __init__(self, z: Tensor) -> None:
        self.z = z.float()

    def normal(self, name: str, mean: float, std: float, most: float = 2.2) -> Tensor:
        """Gaussian, softly bounded at `most` standard deviations."""
        return mean + std * most * torch.tanh(self.z[:, INDEX[name], None] / most)

    def uniform(self, name: str, low: float, high: float) -> Tensor:
        return low + (high - low) * self.quantile(name)

    def quantile(self, name: str) -> Tensor:
        """Position in the distribution, 0 to 1."""
        return 0.5 * (1 + torch.erf(self.z[:, INDEX[name], None] / sqrt(2)))

    def some(self, name: str, share: Tensor | float, soft: float = 0.05) -> Tensor:
        """0 for most, 1 for the given share, with a short ramp between."""
        return ramp(self.quantile(name), 1 - share - soft, 1 - share + soft)


def ramp(x: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def band(x: Tensor, low: float, high: float, soft: float = 0.012) -> Tensor:
    """1 between `low` and `high`; neighbouring bands add up to 1."""
    return ramp(x, low - soft, low + soft) * (1 - ramp(x, high - soft, high + soft))


def blend(amount: Tensor, stops: Tensor) -> Tensor:
    """Colours along a list of stops ``[K, 3]``; `amount` in [0, 1] ``[N, 1]`` to ``[N, 3]``."""
    position = amount.clamp(0, 1) * (len(stops) - 1)
    low = position.floor().clamp_max(len(stops) - 2)
    stops = stops.to(amount)
    first = stops[low.long()[:, 0]]
    return first + (position - low) * (stops[low.long()[:, 0] + 1] - first)


def linear(*hexes: str) -> Tensor:
    """sRGB colours ``"rrggbb"`` as linear RGB ``[K, 3]``."""
    srgb = torch.tensor([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in hexes])
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Hue (any real, turns), saturation and value ``[N, 1]`` to linear RGB ``[N, 3]``."""
    phase = (hue + torch.tensor([[1.0, 2 / 3, 1 / 3]], device=hue.device)) % 1
    wheel = ((phase * 6 - 3).abs() - 1).clamp(0, 1)
    return (value * (1 + saturation * (wheel - 1))) ** 2.2


SKIN = ("deb199", "d5a588", "c39678", "a67b5f", "85614b", "624738", "453229")
LIPSTICKS = ("7e2431", "b3323f", "c4566a", "b9706a", "a65f7e")
HAIR = ("15100f", "2b1b14", "4a2f1f", "6d452a", "94673d", "c39a5c", "e6cf98")
EYES = ("20150f", "3a281c", "5a4632", "6b6a48", "61726a", "637f92", "8496a2")


def parameters(z: Tensor) -> Parameters:
    """Portraits for z ``[N, D]``, D at least ``len(COORDINATES)``; further coordinates are ignored.

    Raises:
        ValueError: z has too few coordinates.
    """
    if z.ndim != 2 or z.shape[1] < len(COORDINATES):
        raise ValueError(f"z must be [N, {len(COORDINATES)} or more], not {list(z.shape)}")
    d = _Draw(z)
    masculine = torch.tanh(1.6 * d.z[:, INDEX["masculine"], None])
    age = d.uniform("age", 6, 82)
    return Parameters(
        **_who(d, masculine, age), **_face(d, masculine, age), **_hair(d, masculine, age), **_scene(d), **_worn(d, masculine)
    )


def _who(d: _Draw, masculine: Tensor, age: Tensor) -> dict[str, Tensor]:
    tone = d.quantile("skin") ** 1.25
    warm, olive = d.normal("undertone", 0, 0.042), d.normal("olive", 0, 0.03)
    shift = torch.cat([1 + warm - olive, 1 + olive - 0.3 * warm, 1.02 - 1.1 * warm - 0.3 * olive], dim=1)
    skin = (blend(tone, linear(*SKIN)) * shift).clamp(0, 1)
    uneven = d.quantile("texture")
    makeup = d.some("makeup", 0.5 * ramp(-masculine, -0.3, 0.6) * ramp(age, 14, 22), 0.12)
    shadow = hsv(0.9 + 0.25 * d.quantile("makeup_hue"), 0.4 + 0 * warm, 0.55 * skin.mean(dim=1, keepdim=True).sqrt())
    return {
        "masculine": masculine,
        "age": age,
        "skin": skin,
        "lips": _lip_color(d, skin, masculine, makeup),
        "freckles": d.some("freckles", 0.22, 0.1) * (1 - ramp(tone, 0.4, 0.6)),
        "blush": (0.42 + 0.3 * torch.tanh(d.z[:, INDEX["blush"], None]) - 0.06 * masculine),
        "texture": uneven,
        "oil": 0.55 + 0.9 * d.quantile("olive") * (1 - 0.6 * makeup),
        "hollow": 0.12 + 0.35 * uneven + 0.4 * ramp(age, 30, 75),
        "moles": d.normal("texture", 0.0, 1.0) + d.normal("freckles", 0.0, 1.0),
        "stubble": 0.75 * d.quantile("stubble") ** 1.5 + 0.06,
        "makeup": makeup,
        "shadow": shadow,
        "wrinkles": ramp(age, 34, 78),
        "iris": blend(
            0.75 * d.quantile("eye_hue") * (1 - 0.75 * ramp(tone, 0.45, 0.75)) + 0.25 * d.quantile("eye_tone"), linear(*EYES)
        ),
    }


def _lip_color(d: _Draw, skin: Tensor, masculine: Tensor, makeup: Tensor) -> Tensor:
    """Skin with more blood in it; lipstick on some."""
    amount = 0.62 + 0.3 * torch.tanh(d.z[:, INDEX["lip_tone"], None]) - 0.16 * masculine
    natural = skin * torch.exp(-amount * torch.tensor([0.26, 0.98, 0.84], device=skin.device))
    stick = blend(d.quantile("makeup_hue"), linear(*LIPSTICKS)) * (0.55 + 0.6 * skin.mean(dim=1, keepdim=True))
    return natural + 0.7 * makeup * (stick - natural)


def _face(d: _Draw, masculine: Tensor, age: Tensor) -> dict[str, Tensor]:
    child = 1 - ramp(age, 8, 19)
    old = ramp(age, 45, 80)
    dark = ramp(d.quantile("skin"), 0.5, 0.9)  # ancestry shows in more than colour: means of broad anthropometric surveys
    smile = torch.tanh(0.4 + 0.75 * d.z[:, INDEX["smile"], None])
    yaw, pitch = d.normal("yaw", 0.0, 0.25), d.normal("pitch", 0.0, 0.11)  # most eyes still look at the camera
    return {
        "face_width": d.normal("face_width", 0.99, 0.055) + 0.02 * masculine + 0.03 * child,
        "jaw_width": d.normal("jaw_width", 0.9, 0.075) + 0.09 * masculine - 0.08 * child,
        "chin_length": d.normal("chin_length", 0.985, 0.055) + 0.035 * masculine - 0.12 * child,
        "cheeks": d.normal("cheeks", 1.0, 0.2) + 0.25 * child - 0.06 * masculine - 0.12 * old,
        "forehead": d.normal("forehead", 1.0, 0.05) + 0.05 * child,
        "head_height": d.normal("head_height", 1.0, 0.04),
        "neck": d.normal("neck", 0.52, 0.04) + 0.065 * masculine - 0.11 * child,
        "nose_length": d.normal("nose_length", 1.0, 0.09) - 0.17 * child + 0.035 * masculine + 0.04 * old,
        "nose_width": d.normal("nose_width", 0.93, 0.12) + 0.1 * masculine + 0.24 * dark - 0.06 * child,
        "nose_tip": d.normal("nose_tip", 0.0, 0.035) + 0.05 * child - 0.03 * old,
        "nose_bridge": d.normal("nose_bridge", 1.0, 0.28) - 0.4 * child + 0.12 * masculine - 0.35 * dark,
        "eye_size": d.normal("eye_size", 1.11, 0.065) + 0.13 * child - 0.07 * masculine,
        "eye_x": d.normal("eye_spacing", 0.345, 0.017),
        "eye_tilt": d.normal("eye_tilt", 0.06, 0.07),
        "eye_open": (d.normal("eye_open", 0.96, 0.09) - 0.22 * smile.clamp_min(0) ** 2).clamp_min(0.25),
        "gaze_x": d.normal("gaze_x", 0.0, 0.22) - 1.4 * yaw,
        "gaze_y": d.normal("gaze_y", 0.0, 0.14) + 1.2 * pitch,
        "brow_y": d.normal("brow_height", 0.258, 0.02) + d.normal("brow_raise", 0.0, 0.025) - 0.034 * masculine,
        "brow_width": d.normal("brow_width", 0.04, 0.008) + 0.015 * masculine,
        "brow_arch": d.normal("brow_arch", 0.05, 0.025) - 0.015 * masculine,
        "brow_tilt": d.normal("brow_tilt", 0.2, 0.22),
        "mouth_y": d.normal("mouth_height", -0.725, 0.025) + 0.06 * child,
        "mouth_width": d.normal("mouth_width", 0.252, 0.022) + 0.06 * smile.clamp_min(0) - 0.03 * child + 0.01 * masculine,
        "lip_upper": d.normal("lip_upper", 0.062, 0.014) - 0.015 * masculine,
        "lip_lower": d.normal("lip_lower", 0.086, 0.015) - 0.016 * masculine,
        "smile": smile,
        "mouth_open": ramp(d.quantile("mouth_open"), 0.5, 1.0) * (0.35 + 0.65 * smile.clamp_min(0)),
        "ear_size": d.normal("ear_size", 1.0, 0.1) + 0.12 * old,
        "yaw": yaw,
        "pitch": pitch,
        "roll": d.normal("roll", 0.0, 0.08),
    }


def _hair(d: _Draw, masculine: Tensor, age: Tensor) -> dict[str, Tensor]:
    male, dark_skin = ramp(masculine, -0.1, 0.5), ramp(d.quantile("skin"), 0.5, 0.85)
    bald = d.some("bald", 0.4 * male * ramp(age, 30, 72), 0.12)
    hat = d.some("hat", 0.08, 0.008)
    scarf = band(d.quantile("hat_kind"), 0.8, 2.0) * ramp(masculine, 0.3, -0.1) * hat
    length = -0.35 + 2.3 * ramp(d.quantile("hair_length") + 0.1 - 0.55 * male, 0.12, 0.9)
    bun = d.some("bun", 0.16 * ramp(-masculine, -0.2, 0.5), 0.03) * (1 - hat)
    beard = d.some("beard", 0.5 * ramp(masculine, 0.3, 0.8) * ramp(age, 18, 26), 0.06)
    curl = ramp(d.quantile("hair_curl") + 0.3 * dark_skin, 0.62, 1.0)
    braids = d.some("braids", 0.01 + 0.16 * dark_skin, 0.02)
    curl = curl * (1 - braids)
    short = 1 - ramp(length, -0.3, 0.2)
    fringe = d.some("fringe", 0.2, 0.1) * (1 - 0.5 * male) * (1 - hat)
    volume = 0.13 + 0.06 * d.z[:, INDEX["hair_volume"], None].clamp(-1.6, 2.2) + 0.15 * curl + 0.04 * braids
    return {
        **_hair_color(d, age),
        "hair_length": length * (1 - bun) - 0.2 * bun,
        "hair_back": ramp(length, -0.15, 0.6) * (1 - bun) * (1 - ramp(bald, 0.1, 0.6)) * (1 - scarf),
        "hair_volume": volume.clamp_min(0.022) * (1 - 0.6 * ramp(bald, 0.2, 0.9)) * (1 - 0.75 * hat),
        "hair_curl": curl * (1 - hat),
        "hair_sides": d.uniform("hair_sides", 0.0, 1.0) * ramp(length, -0.3, 0.5),
        "hairline": d.normal("fringe", 0.7, 0.05) + 0.05 * ramp(masculine * age, 25, 70),
        "fringe": fringe,
        "parting": d.normal("parting", 0.0, 0.3),
        "parted": ramp(length, -0.2, 0.5) * ramp(d.quantile("hair_part"), 0.15, 0.4)
        + short * ramp(d.quantile("hair_part"), 0.6, 0.9) * (1 - ramp(length, -0.2, 0.5)),
        "lifted": ramp(d.quantile("hair_lift"), 0.08, 0.75) * (0.35 + 0.65 * short) * (1 - hat) * (1 - fringe),
        "fade": 1 - 0.75 * short * ramp(d.quantile("hair_fade"), 0.1, 0.8) * ramp(masculine, -0.5, 0.3),
        "hair_messy": 0.25 + 0.75 * d.quantile("hair_messy"),
        "braids": braids,
        "receding": male * ramp(age, 22, 60) * d.quantile("receding"),
        "bun": bun,
        "bald": bald,
        "beard": beard,
        "goatee": ramp(d.quantile("goatee"), 0.62, 0.72),
        "beard_length": ramp(d.quantile("beard_length"), 0.35, 1.0),
        "moustache": torch.maximum(
            beard * d.some("moustache", 0.8, 0.1),
            0.9 * d.some("moustache", 0.12, 0.03) * ramp(masculine, 0.3, 0.7) * ramp(age, 20, 26),
        ),
    }


def _hair_color(d: _Draw, age: Tensor) -> dict[str, Tensor]:
    """Mostly black and brown, some blond and red; grey by age; rarely dyed."""
    tone = d.quantile("hair_tone")
    dark = 0.8 * ramp(d.quantile("skin"), 0.4, 0.7)
    natural = blend(tone**1.7 * (1 - dark), linear(*HAIR))
    warm = d.normal("hair_warmth", 0.06, 0.06) + 0.3 * ramp(d.quantile("hair_warmth"), 0.88, 0.97) * (1 - dark)
    natural = natural * torch.cat([1 + warm, torch.ones_like(warm), 1 - warm], dim=1)
    grey = linear("b9b4ae").to(natural) * (0.4 + 0.55 * tone)
    aged = natural + 0.92 * ramp(age + 16 * (d.quantile("hair_dye") - 0.5), 46, 74) * (grey - natural)
    dyed = d.some("hair_dye", 0.025, 0.008) * (1 - ramp(age, 40, 50))
    hair = (aged + dyed * (hsv(d.quantile("hair_warmth"), torch.full_like(tone, 0.62), 0.45 + 0.45 * tone) - aged)).clamp(0, 1)
    return {"hair": hair, "brow": hair * 0.45 + 0.02}


def _worn(d: _Draw, masculine: Tensor) -> dict[str, Tensor]:
    frame = blend(d.quantile("glasses_tone"), linear("120f0f", "120f0f", "3a2216", "5b3a1f", "8a8a90", "a8322e", "2d4a78"))
    shape, rim, kind = d.quantile("glasses_shape"), d.quantile("glasses_rim"), d.quantile("hat_kind")
    scarf = band(kind, 0.8, 2.0) * ramp(masculine, 0.3, -0.1)
    hat_tone = d.quantile("cloth_hue") * 0.5 + 0.5 * kind
    return {
        "glasses": d.some("glasses", 0.2, 0.015),
        "glasses_round": ramp(shape, 0.1, 0.75) * (1 - 0.5 * ramp(shape, 0.8, 0.9)),
        "glasses_cat": ramp(shape, 0.25, 0.08) * ramp(-masculine, -0.3, 0.4),
        "glasses_drop": ramp(shape, 0.82, 0.92),
        "glasses_thick": ramp(rim, 0.25, 1.0) * (1 - 0.7 * ramp(shape, 0.8, 0.9)),
        "glasses_rimless": ramp(rim, 0.14, 0.08),
        "glasses_dark": ramp(d.quantile("glasses"), 0.955, 0.97),
        "frame": frame,
        "hat": d.some("hat", 0.08, 0.008),
        "hat_knit": band(kind, -1.0, 0.32) + band(kind, 0.8, 2.0) - scarf,
        "hat_peak": band(kind, 0.32, 0.58),
        "hat_brim": band(kind, 0.58, 0.8),
        "hat_scarf": scarf,
        "hat_color": hsv(hat_tone * 3, 0.08 + 0.32 * d.quantile("cloth_sat"), 0.16 + 0.5 * d.quantile("glasses_tone")),
        "earrings": d.some("earrings", 0.5 * ramp(-masculine, -0.3, 0.3) + 0.04, 0.03),
        **_clothes(d, masculine),
    }


def _clothes(d: _Draw, masculine: Tensor) -> dict[str, Tensor]:
    hue, tone, style, pattern = (d.quantile(name) for name in ("cloth_hue", "cloth_tone", "cloth_style", "pattern"))
    suit = band(style, 0.52, 0.7)
    bare = band(style, 0.82, 0.93) * ramp(-masculine, -0.2, 0.3)
    saturation = (0.05 + 0.45 * d.quantile("cloth_sat") ** 2) * (1 - 0.5 * suit)
    return {
        "collar": d.quantile("collar") * (1 - 0.85 * ramp(style, 0.3, 0.36)),
        "shirt": band(style, 0.35, 0.52),
        "suit": suit,
        "hood": band(style, 0.7, 0.82),
        "bare": bare,
        "scarf": band(style, 0.93, 2.0),
        "stripes": d.some("stripes", 0.22, 0.04) * (1 - suit),
        "plaid": ramp(pattern, 0.4, 0.5),
        "knit": ramp(pattern, 0.3, 0.2) * (1 - suit),
        "cloth": hsv(hue, saturation, (0.16 + 0.74 * tone) * (1 - 0.5 * suit)),
        "cloth2": hsv(hue + 0.45, 0.4 * saturation, 0.9 - 0.5 * tone),
    }


def _scene(d: _Draw) -> dict[str, Tensor]:
    across, up = d.normal("light_x", 0.1, 0.8), d.normal("light_y", 0.5, 0.4)
    light = torch.cat([across, up, torch.full_like(up, 0.85)], dim=1)
    warm, fill = d.normal("light_warmth", 0.02, 0.075), d.normal("fill_warmth", -0.03, 0.08)
    hue, tone = d.quantile("back_hue"), d.quantile("back_tone")
    saturation = 0.04 + 0.42 * d.quantile("back_sat") ** 3
    return {
        "light": light / light.norm(dim=1, keepdim=True),
        "light_color": torch.cat([1 + warm, torch.ones_like(warm), 1 - 1.2 * warm], dim=1),
        "fill_color": torch.cat([1 + fill, torch.ones_like(fill), 1 - 1.2 * fill], dim=1),
        "light_contrast": d.normal("light_contrast", 0.6, 0.16, 1.8),
        "light_size": d.quantile("light_size"),
        "exposure": torch.exp(d.normal("exposure", 0.0, 0.14)),
        "rim": d.quantile("rim") ** 1.5,
        "back": hsv(hue, saturation, 0.16 + 0.7 * tone),
        "back2": hsv(hue + 0.08, saturation, 0.1 + 0.45 * tone),
        "back_shape": d.quantile("back_shape"),
        "back_place": d.normal("back_place", 0.0, 1.0),
    }
