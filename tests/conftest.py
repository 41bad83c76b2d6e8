"""Small random networks, and how far numbers are apart: what the tests share."""

import contextlib
from pathlib import Path

import pytest
import torch
from loading import module_at

from pastiche import resources
from pastiche.resources import DEMO_METHODS
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig, published_channels

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory):
    """Empty caches of torch hub and of Pastiche: what lies there on this machine must not change what tests find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASTICHE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("torch")))
        yield


def enliven(module):
    """Give everything that a fresh network holds at zero a value, so that no term can be left out unnoticed."""
    for name, value in module.named_parameters():
        if name.endswith(("bias", "noise.weight")):
            value.data.add_(0.3 * torch.randn_like(value))
    return module.eval()


@pytest.fixture(scope="session")
def small_generator():
    """A random generator of a few channels; frozen, as a loaded one is, unless it is to be trained."""

    def build(resolution=32, *, most=12, seed=0, train=False, multiplier=2, **changes):
        torch.manual_seed(seed)
        channels = published_channels(resolution, multiplier, base=4 * most, most=most)
        config = GeneratorConfig(
            **{"resolution": resolution, "channels": channels, "z_dim": 16, "w_dim": 16, "mapping_layers": 2, **changes}
        )
        generator = enliven(Generator(config))
        generator.w_avg.copy_(generator.estimate_w_avg(256))
        return generator.requires_grad_(train)

    return build


@pytest.fixture(scope="session")
def small_discriminator():
    """A random discriminator of a few channels; frozen, unless it is to be trained."""

    def build(resolution=32, *, most=12, seed=1, train=False, **changes):
        torch.manual_seed(seed)
        channels = published_channels(resolution, base=4 * most, most=most)
        discriminator = enliven(Discriminator(DiscriminatorConfig(resolution=resolution, channels=channels, **changes)))
        return discriminator.requires_grad_(train)

    return build


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory, small_generator, small_discriminator):
    """A folder as `weights/demo`, with a model of every method, of random weights at 32 pixels."""
    module = module_at(Path(__file__).with_name("tiny_bundle.py"))
    folder = tmp_path_factory.mktemp("bundle")
    module.write_bundle(folder, small_generator(32), small_discriminator(32))
    for path in (ROOT / "weights" / "demo").iterdir():
        if path.name not in ("faces.safetensors",) and path.name.partition("-")[0].partition(".")[0] not in DEMO_METHODS:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def shipped(tiny_bundle, monkeypatch):
    """Take the tiny bundle for the one that ships; gives its folder. The module of another copy of the engine can be given."""

    def patch(module=resources):
        own = module._shipped
        monkeypatch.setattr(
            module, "_shipped", lambda *name: tiny_bundle.joinpath(*name[1:]) if name[0] == "demo" else own(*name)
        )
        return tiny_bundle

    return patch


@pytest.fixture(scope="session")
def cuda():
    """The GPU, for tests that are marked so."""
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no CUDA device")
    return torch.device("cuda")


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """The CPU, and in a test of its own the GPU: for what shall give the same numbers on both."""
    return torch.device("cpu") if request.param == "cpu" else request.getfixturevalue("cuda")


@pytest.fixture(scope="session")
def codes():
    """Random w+ codes that belong to a generator."""

    def draw(generator, count=2, seed=2):
        rng = torch.Generator().manual_seed(seed)
        z = torch.randn(count, generator.num_layers, generator.config.z_dim, generator=rng)
        with torch.no_grad():
            return generator.mapping(z)

    return draw


@pytest.fixture(scope="session")
def relative_error():
    """The largest difference, over the spread of what is wanted."""

    def measure(found, wanted):
        assert found.shape == wanted.shape, f"{list(found.shape)} is not {list(wanted.shape)}"
        scale = wanted.std() if wanted.numel() > 1 else wanted.abs().max()
        return ((found.double() - wanted.double()).abs().max() / scale.double().clamp_min(1e-12)).item()

    return measure


@pytest.fixture(scope="session")
def lazy_backend():
    """PyTorch's lazy tensors, which can be switched on once in a process."""
    import torch._lazy.ts_backend

    torch._lazy.ts_backend.init()


@pytest.fixture
def second_device(monkeypatch, lazy_backend):
    """A stand-in for a GPU: PyTorch's lazy tensors, which compute on the CPU and refuse to mix with its tensors.

    As a GPU does, it refuses a source of randomness that is on another device.
    """
    kind = "lazy"
    autocast, is_enabled, dtype_of = torch.autocast, torch.is_autocast_enabled, torch.get_autocast_dtype

    def tolerant(device_type, *args, **kwargs):  # autocast does not know the device
        return contextlib.nullcontext() if device_type == kind else autocast(device_type, *args, **kwargs)

    def strict(draw):
        def drawn(*args, generator=None, device="cpu", **kwargs):
            found, wanted = "cpu" if generator is None else generator.device.type, torch.device(device).type
            if found != wanted:
                raise RuntimeError(f"Expected a {wanted!r} device type for generator but found {found!r}")
            return draw(*args, generator=generator, device=device, **kwargs)

        return drawn

    def unbind(x, dim=0):  # the backend gives these back on the CPU
        return tuple(x.select(dim, index) for index in range(x.shape[dim])) if x.device.type == kind else own["unbind"](x, dim)

    def split(x, size, dim=0):
        if x.device.type != kind:
            return own["split"](x, size, dim)
        return tuple(x.narrow(dim, at, min(size, x.shape[dim] - at)) for at in range(0, x.shape[dim], size))

    def chunk(x, count, dim=0):
        return split(x, -(-x.shape[dim] // count), dim)

    own = {name: getattr(torch.Tensor, name) for name in ("unbind", "split", "chunk")}
    for method in (unbind, split, chunk):
        monkeypatch.setattr(torch.Tensor, method.__name__, method)
    monkeypatch.setattr(torch, "autocast", tolerant)
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device_type: device_type != kind and is_enabled(device_type))
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda name: torch.float32 if name == kind else dtype_of(name))
    for name in ("randn", "rand", "randint"):
        monkeypatch.setattr(torch, name, strict(getattr(torch, name)))
    return torch.device(kind, 0)


@pytest.fixture
def as_saved_on_a_gpu(monkeypatch):
    """`torch.save` that marks its storages as a CUDA device's, as published files and states of training have them."""

    def save(content, path):
        with monkeypatch.context() as patch:
            patch.setattr(torch.serialization, "location_tag", lambda _storage: "cuda:0")
            torch.save(content, path)

    return save
