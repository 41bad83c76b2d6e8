"""Parameters of a synthetic portrait, derived from a Gaussian z.

Every parameter is a smooth, monotone function of one or a few coordinates of z ~ N(0, I). Thus z identifies a portrait, a path
through z is a smooth change of the portrait, and a generator can learn z -> image. Categories such as hair styles, beards and
glasses are regions of continuous parameters, not switches: a point between two of them is a valid portrait as well.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from .coordinates import COORDINATES, INDEX, Draw
from .hairstyle import hairstyle
from .outfit import outfit
from .person import face, person
from .setting import setting

__all__ = ["Parameters", "parameters"]


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """N portraits; every field is float32 ``[N, 1]`` unless stated otherwise.

    Lengths are in head units: the eyes lie at y = 0, about 0.36 to each side, the chin near y = -1.2. Angles are in radians,
    amounts in [0, 1], and colours linear RGB ``[N, 3]`` in [0, 1].
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
    hair_length: Tensor  # y of the tips, downwards from the eyes
    hair_back: Tensor  # amount of hair that hangs behind and beside the neck
    hair_volume: Tensor  # thickness over the skull
    hair_curl: Tensor
    hair_sides: Tensor  # in front of the ears
    hairline: Tensor  # height of the hairline over the forehead
    fringe: Tensor
    parting: Tensor  # x of the parting
    parted: Tensor  # strands run from the parting (1) or from the crown (0)
    lifted: Tensor  # combed back and up from the forehead
    fade: Tensor  # thickness of the sides relative to the top
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
    texture: Tensor  # unevenness of the skin
    oil: Tensor  # shine of the skin, about 1
    hollow: Tensor  # shadows around the eyes
    moles: Tensor  # selects the moles: any real
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
    back_shape: Tensor  # kind of background
    back_place: Tensor  # position within it: any real
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


def parameters(z: Tensor) -> Parameters:
    """Portraits for z ``[N, D]``, D at least ``len(COORDINATES)``; further coordinates are ignored.

    Raises:
        ValueError: z has too few coordinates.
    """
    if z.ndim != 2 or z.shape[1] < len(COORDINATES):
        raise ValueError(f"z must be [N, {len(COORDINATES)} or more], not {list(z.shape)}")
    d = Draw(z)
    masculine = torch.tanh(1.6 * d.z[:, INDEX["masculine"], None])
    age = d.uniform("age", 6, 82)
    who = {**person(d, masculine, age), **face(d, masculine, age), **hairstyle(d, masculine, age)}
    return Parameters(**who, **outfit(d, masculine), **setting(d))
