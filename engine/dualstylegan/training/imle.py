"""Training of the sampling network (supplement): noise to style codes, so that every exemplar has noise that leads to it.

Implicit maximum likelihood (IMLE, Li and Malik 2018), the second stage of GLANN (Hoshen et al. 2019). In every epoch each code
is matched with the nearest of many generated ones, whose noise then learns to lead there. Every code is matched, so none is
forgotten, as happens with a discriminator.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...progress import Progress, Step, measured, silent
from ...training.saves import Saves
from ..config import SamplerConfig
from ..sampler import CodeNetwork, CodeSampler
from .config import Sampling

__all__ = ["learn_epoch", "learn_sampler", "nearest"]

SETTLING = 8192  # codes from which the statistics are taken that the network keeps
HALVED_EVERY = 50  # epochs


def learn_sampler(
    codes: Tensor,
    structure_rows: int,
    settings: Sampling,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    seed: int = 0,
    progress: Progress = silent,
    write: bool = True,
) -> CodeSampler:
    """Train the sampling network on the exemplars' codes, from its newest saved state in `folder` if there is one.

    Args:
        codes: z+ of the exemplars, ``[E, L, D]``.
        structure_rows: the rows of the structure network; the others are those of the colour network.
        progress: called after each epoch.
        write: whether this process writes the states.

    Raises:
        TrainingError: a loss is not finite, or a state can't be resumed or written.
        Cancelled: raised by `progress` to stop; the state is saved at intervals.
    """
    rng = torch.Generator().manual_seed(seed)
    data = _repeated(codes, settings, rng)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sampler = CodeSampler(_config(codes, structure_rows, settings)).to(device)
    parts = data[:, :structure_rows].flatten(1).to(device), data[:, structure_rows:].flatten(1).to(device)
    epochs = max(1, settings.pictures // len(data))
    facts = {"codes": list(codes.shape), "epochs": epochs, "seed": seed}
    saves = Saves(folder, {"sampler": sampler}, facts)
    _, done = saves.restore(rng)
    with torch.inference_mode(False), torch.enable_grad():
        for index in range(done, 2 * epochs):
            network, target = (sampler.structure, parts[0]) if index < epochs else (sampler.color, parts[1])
            loss = learn_epoch(network, target, settings, index % epochs, rng)
            values = measured({"structure" if index < epochs else "color": loss}, index)
            progress(Step(index=index + 1, total=2 * epochs, losses=values))
            if write and saves.due(index, index + 1):
                saves.save(rng, seen=index + 1, iteration=index + 1, before=index)
    if write:
        saves.save(rng, seen=2 * epochs, iteration=2 * epochs, before=2 * epochs)
    _settle(sampler, settings, seed)
    return sampler.requires_grad_(False).eval()


def learn_epoch(network: CodeNetwork, data: Tensor, settings: Sampling, epoch: int, rng: torch.Generator) -> Tensor:
    """Match every code of `data` ``[n, rows * D]`` with noise, then learn the matches once. Returns the mean squared error."""
    noise = nearest(network, data, settings, rng)
    batch = min(settings.batch, len(data))
    order = torch.randperm(len(data), generator=rng).to(data.device)
    # made anew in each epoch, as in GLANN: the matches are new, and so are their gradients
    optimizer = torch.optim.Adam(
        network.parameters(),
        lr=settings.lr * 0.5 ** (epoch // HALVED_EVERY),
        betas=(0.5, 0.999),
        weight_decay=settings.weight_decay,
    )
    losses = []
    for chosen in order[: len(data) // batch * batch].split(batch):
        loss = F.mse_loss(network(noise[chosen], kept_statistics=False), data[chosen])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).mean()


@torch.no_grad()
def nearest(network: CodeNetwork, data: Tensor, settings: Sampling, rng: torch.Generator) -> Tensor:
    """For each code of `data` ``[n, rows * D]`` the noise ``[n, noise_dim]`` that leads nearest, of twice as many."""
    batch = min(settings.batch, len(data))
    batches = 2 * max(1, len(data) // batch)
    noise = torch.randn(batches * batch, settings.noise_dim, generator=rng).to(data.device)
    drawn = torch.cat([network(part, kept_statistics=False) for part in noise.split(batch)])
    return noise[torch.cdist(data, drawn).argmin(dim=1)]


def _repeated(codes: Tensor, settings: Sampling, rng: torch.Generator) -> Tensor:
    """The codes as often as they fit into the number of samples, with noise."""
    repeated = codes.float().cpu().repeat(max(1, settings.samples // len(codes)), 1, 1)
    return repeated + settings.jitter * torch.randn(repeated.shape, generator=rng)


def _config(codes: Tensor, structure_rows: int, settings: Sampling) -> SamplerConfig:
    _, rows, dim = codes.shape
    return SamplerConfig(
        structure_rows=structure_rows,
        color_rows=rows - structure_rows,
        w_dim=dim,
        noise_dim=settings.noise_dim,
        hidden=settings.hidden,
    )


@torch.no_grad()
def _settle(sampler: CodeSampler, settings: Sampling, seed: int) -> None:
    """Set the statistics that the network keeps to those of many codes."""
    noise = torch.randn(SETTLING, settings.noise_dim, generator=torch.Generator().manual_seed(seed + 1))
    for network in (sampler.structure, sampler.color):
        x = noise.to(network.lin1.weight.device)
        for linear, norm in ((network.lin1, network.bn1), (network.lin2, network.bn2)):
            x = linear(x)
            variance, mean = torch.var_mean(x, dim=0)
            norm.load_state_dict({**norm.state_dict(), "running_mean": mean, "running_var": variance})
            x = F.relu(F.batch_norm(x, mean, variance, norm.weight, norm.bias, eps=norm.eps))
