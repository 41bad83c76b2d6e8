"""Tables from the names and shapes of NVlabs' tensors to rosinality's, which our modules use.

Weights are neither flipped nor transposed; shapes differ only in axes of length one.
"""

from types import EllipsisType

__all__ = ["DROPPED", "SAME", "Names", "discriminator_names", "generator_names"]

Index = tuple[slice | EllipsisType | None, ...]  # an index that adds the missing axes to the tensor

SAME: Index = (...,)
LEADING: Index = (None, ...)
CHANNEL: Index = (None, slice(None), None, None)
PLANE: Index = (None, None, ...)

Names = dict[str, tuple[str, Index]]

# Our modules store the taps once: see kernels.py.
DROPPED = "resample_filter"

AFFINE: Names = {
    "affine.weight": ("conv.modulation.weight", SAME),
    "affine.bias": ("conv.modulation.bias", SAME),
    "weight": ("conv.weight", LEADING),
}
CONVOLUTION: Names = {**AFFINE, "noise_strength": ("noise.weight", LEADING), "bias": ("activate.bias", SAME)}
TO_RGB: Names = {**AFFINE, "bias": ("bias", CHANNEL)}

RESIDUAL: Names = {
    "conv0.weight": ("conv1.0.weight", SAME),
    "conv0.bias": ("conv1.1.bias", SAME),
    "conv1.weight": ("conv2.1.weight", SAME),
    "conv1.bias": ("conv2.2.bias", SAME),
    "skip.weight": ("skip.1.weight", SAME),
}
FROM_RGB: Names = {"fromrgb.weight": ("convs.0.0.weight", SAME), "fromrgb.bias": ("convs.0.1.bias", SAME)}
EPILOGUE: Names = {
    "b4.conv.weight": ("final_conv.0.weight", SAME),
    "b4.conv.bias": ("final_conv.1.bias", SAME),
    "b4.fc.weight": ("final_linear.0.weight", SAME),
    "b4.fc.bias": ("final_linear.0.bias", SAME),
    "b4.out.weight": ("final_linear.1.weight", SAME),
    "b4.out.bias": ("final_linear.1.bias", SAME),
}


def generator_names(sides: list[int], mapping_layers: int) -> Names:
    """Our name for every tensor of a generator, and the index that gives it our shape.

    Args:
        sides: 4, 8, ... up to the resolution.
        mapping_layers: depth of the mapping network.
    """
    names: Names = {"mapping.w_avg": ("w_avg", SAME), "synthesis.b4.const": ("input.input", LEADING)}
    for index in range(mapping_layers):
        names |= _within(f"mapping.fc{index}", f"style.{index + 1}", {key: (key, SAME) for key in ("weight", "bias")})
    layers = [("b4.conv1", "conv1")]
    for k, side in enumerate(sides[1:]):
        layers += [(f"b{side}.conv0", f"convs.{2 * k}"), (f"b{side}.conv1", f"convs.{2 * k + 1}")]
    for index, (theirs, ours) in enumerate(layers):
        names |= _within(f"synthesis.{theirs}", ours, CONVOLUTION)
        names[f"synthesis.{theirs}.noise_const"] = (f"noises.noise_{index}", PLANE)
    for k, side in enumerate(sides):
        names |= _within(f"synthesis.b{side}.torgb", f"to_rgbs.{k - 1}" if k else "to_rgb1", TO_RGB)
    return names


def discriminator_names(sides: list[int]) -> Names:
    """The same for a discriminator. `sides` are 4, 8, ... up to the resolution."""
    names = {**EPILOGUE, **{f"b{sides[-1]}.{theirs}": ours for theirs, ours in FROM_RGB.items()}}
    for block, side in enumerate(sides[:0:-1], start=1):
        names |= _within(f"b{side}", f"convs.{block}", RESIDUAL)
    return names


def _within(theirs: str, ours: str, names: Names) -> Names:
    return {f"{theirs}.{suffix}": (f"{ours}.{name}", index) for suffix, (name, index) in names.items()}
