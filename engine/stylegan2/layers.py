"""The small parts that generator, discriminator and encoders share.

Names and stored scales are those of rosinality/stylegan2-pytorch, so that its files load as they
are: weights are stored as N(0, 1) and scaled when used (equalized learning rate, Karras et al. 2018).
"""

from math import sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SLOPE", "EqualLinear", "bias_act", "clamp", "compute_dtype", "gaussian", "normalize_2nd_moment"]

SLOPE = 0.2
GAIN = sqrt(2)
VECTOR_BYTES = 64  # of the longest vectors of a CPU (AVX-512)


def normalize_2nd_moment(x: Tensor) -> Tensor:
    """Pixel norm over the last axis: every code gets unit mean square."""
    return x * (x.square().mean(dim=-1, keepdim=True) + 1e-8).rsqrt()


def compute_dtype(x: Tensor) -> torch.dtype:
    """The precision to convolve in: autocast's where it is on, else that of `x`.

    CPUs have no float16 convolution worth the name (a hundred times slower than float32), so
    there float16 is computed in float32.
    """
    kind = x.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    return torch.float32 if kind == "cpu" and dtype == torch.float16 else dtype


def clamp(x: Tensor, bound: float | None) -> Tensor:
    """`x` within +-`bound`; in place if no gradient is needed."""
    if bound is None:
        return x
    return x.clamp(-bound, bound) if torch.is_grad_enabled() else x.clamp_(-bound, bound)


def bias_act(x: Tensor, bias: Tensor | None = None, noise: Tensor | None = None, slope: float = SLOPE) -> Tensor:
    """``leaky_relu(x + bias + noise)``; consumes `x`.

    Args:
        x: ``[N, C, H, W]`` or ``[N, C]``. Its memory is reused if no gradient is needed.
        bias: ``[C]``.
        noise: ``[N or 1, 1, H, W]``, already multiplied by its strength.
        slope: of the leaky ReLU.

    The gain of sqrt 2 that StyleGAN2 applies afterwards is the caller's to fold into what comes
    before: ``gain * act(x) = act(gain * x)`` for a positive gain. Saves its output alone for the
    backward pass, whose sign is that of the input. Differentiable to any order.
    """
    if torch.is_grad_enabled() and (x.requires_grad or _wants_grad(bias) or _wants_grad(noise)):
        return _BiasAct.apply(x, bias, noise, slope)  # type: ignore[no-any-return,no-untyped-call]
    return _bias_act(x, bias, noise, slope)


def _wants_grad(x: Tensor | None) -> bool:
    return x is not None and x.requires_grad


def _per_channel(bias: Tensor, axes: int) -> Tensor:
    return bias.view(1, -1, *[1] * (axes - 2))


def _bias_act(x: Tensor, bias: Tensor | None, noise: Tensor | None, slope: float) -> Tensor:
    if bias is not None:
        x = _add(x, _per_channel(bias, x.ndim))
    if noise is not None:
        x = _add(x, noise)
    return F.leaky_relu_(x, slope) if slope != 1 else x


def _add(x: Tensor, given: Tensor) -> Tensor:
    """``x + given`` in place, where `given` has one number for each channel or for each position.

    PyTorch adds such numbers along the innermost axis, one at a time where that is shorter than a vector: fifteen times
    slower for 16 channels of bfloat16 on a CPU. So they are first laid out as one image.
    """
    channels_last = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
    if x.device.type == "cpu" and channels_last and x.shape[1] * x.element_size() < VECTOR_BYTES:
        given = given.expand(len(given), *x.shape[1:]).contiguous(memory_format=torch.channels_last)
    return x.add_(given)


class _BiasAct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor | None, noise: Tensor | None, slope: float) -> Tensor:
        y = _bias_act(x, bias, noise, slope)
        ctx.mark_dirty(y)
        ctx.save_for_backward(y)
        ctx.slope = slope
        ctx.noise_shape = None if noise is None else noise.shape
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        dx = _ActGrad.apply(grads[0], y, ctx.slope)  # type: ignore[no-untyped-call]
        dbias = dx.sum(dim=[0, *range(2, dx.ndim)]) if ctx.needs_input_grad[1] else None
        dnoise = dx.sum(dim=1, keepdim=True).sum_to_size(ctx.noise_shape) if ctx.needs_input_grad[2] else None
        return dx, dbias, dnoise, None


class _ActGrad(torch.autograd.Function):
    """``grad * (1 if y > 0 else slope)``: linear in `grad`, and so its own derivative."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, y: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(y)
        ctx.slope = slope
        return torch.ops.aten.leaky_relu_backward(grad, y, slope, True)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return _ActGrad.apply(grads[0], y, ctx.slope), None, None  # type: ignore[no-untyped-call]


def gaussian(*shape: int, std: float = 1.0) -> Tensor:
    """Initial weights from N(0, std^2).

    A module that is only sketched (on the device "meta") draws nothing: PyTorch would load its compiler to do so.
    """
    weight = torch.empty(*shape)
    return weight if weight.is_meta else weight.normal_(std=std)


class EqualLinear(nn.Module):
    """Fully connected layer with an equalized learning rate.

    Args:
        in_dim, out_dim: features.
        bias_init: initial bias.
        lr_mul: learning rate multiplier; the weight is stored divided by it.
        activate: end with leaky ReLU times sqrt 2.
    """

    def __init__(
        self, in_dim: int, out_dim: int, *, bias_init: float = 0.0, lr_mul: float = 1.0, activate: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(gaussian(out_dim, in_dim, std=1 / lr_mul))
        self.bias = nn.Parameter(torch.full((out_dim,), float(bias_init)))
        self.scale = lr_mul / sqrt(in_dim)
        self.lr_mul = lr_mul
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:  # [..., in_dim] -> [..., out_dim]
        bias = self.bias if self.lr_mul == 1 else self.bias * self.lr_mul
        y = F.linear(x * self.scale, self.weight.to(x.dtype), bias.to(x.dtype))
        return F.leaky_relu(y, SLOPE) * GAIN if self.activate else y
