"""Parameters of a person: age, sex, complexion, proportions, expression and pose."""

import torch
from torch import Tensor

from .coordinates import INDEX, Draw, ramp
from .palette import blend, hsv, linear

__all__ = ["face", "person"]

SKIN = ("deb199", "d5a588", "c39678", "a67b5f", "85614b", "624738", "453229")
LIPSTICKS = ("7e2431", "b3323f", "c4566a", "b9706a", "a65f7e")
EYES = ("20150f", "3a281c", "5a4632", "6b6a48", "61726a", "637f92", "8496a2")


def person(d: Draw, masculine: Tensor, age: Tensor) -> dict[str, Tensor]:
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


def _lip_color(d: Draw, skin: Tensor, masculine: Tensor, makeup: Tensor) -> Tensor:
    """A redder skin tone; lipstick for some."""
    amount = 0.62 + 0.3 * torch.tanh(d.z[:, INDEX["lip_tone"], None]) - 0.16 * masculine
    natural = skin * torch.exp(-amount * torch.tensor([0.26, 0.98, 0.84], device=skin.device))
    stick = blend(d.quantile("makeup_hue"), linear(*LIPSTICKS)) * (0.55 + 0.6 * skin.mean(dim=1, keepdim=True))
    return natural + 0.7 * makeup * (stick - natural)


def face(d: Draw, masculine: Tensor, age: Tensor) -> dict[str, Tensor]:
    child = 1 - ramp(age, 8, 19)
    old = ramp(age, 45, 80)
    dark = ramp(d.quantile("skin"), 0.5, 0.9)  # ancestry affects more than colour: means of broad anthropometric surveys
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
