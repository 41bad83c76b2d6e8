"""Parameters of glasses, hats, earrings and clothes."""

from torch import Tensor

from .coordinates import Draw, band, ramp
from .palette import blend, hsv, linear

__all__ = ["outfit"]


def outfit(d: Draw, masculine: Tensor) -> dict[str, Tensor]:
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


def _clothes(d: Draw, masculine: Tensor) -> dict[str, Tensor]:
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
