"""Parameters of hair and beard, and their colour."""

import torch
from torch import Tensor

from .coordinates import INDEX, Draw, band, ramp
from .palette import blend, hsv, linear

__all__ = ["hairstyle"]

HAIR = ("15100f", "2b1b14", "4a2f1f", "6d452a", "94673d", "c39a5c", "e6cf98")


def hairstyle(d: Draw, masculine: Tensor, age: Tensor) -> dict[str, Tensor]:
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
    volume = 0.15 + 0.055 * d.z[:, INDEX["hair_volume"], None].clamp(-1.6, 2.2) + 0.15 * curl + 0.04 * braids
    return {
        **_hair_color(d, age),
        "hair_length": length * (1 - bun) - 0.2 * bun,
        "hair_back": ramp(length, -0.15, 0.6) * (1 - bun) * (1 - ramp(bald, 0.1, 0.6)) * (1 - scarf),
        "hair_volume": torch.maximum(volume, 0.09 - 0.055 * short * male) * (1 - 0.6 * ramp(bald, 0.2, 0.9)) * (1 - 0.75 * hat),
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


def _hair_color(d: Draw, age: Tensor) -> dict[str, Tensor]:
    """Mostly black and brown, some blond and red; grey with age; rarely dyed."""
    tone = d.quantile("hair_tone")
    dark = 0.8 * ramp(d.quantile("skin"), 0.4, 0.7)
    natural = blend(tone**1.7 * (1 - dark), linear(*HAIR))
    warm = d.normal("hair_warmth", 0.06, 0.06) + 0.3 * ramp(d.quantile("hair_warmth"), 0.88, 0.97) * (1 - dark)
    natural = natural * torch.cat([1 + warm, torch.ones_like(warm), 1 - warm], dim=1)
    grey = linear("b9b4ae").to(natural) * (0.4 + 0.55 * tone)
    aged = natural + 0.92 * ramp(age + 16 * (d.quantile("hair_dye") - 0.5), 46, 74) * (grey - natural)
    dyed = d.some("hair_dye", 0.018, 0.006) * (1 - ramp(age, 40, 50))
    hair = (aged + dyed * (hsv(d.quantile("hair_warmth"), torch.full_like(tone, 0.5), 0.45 + 0.45 * tone) - aged)).clamp(0, 1)
    return {"hair": hair, "brow": hair * 0.45 + 0.02}
