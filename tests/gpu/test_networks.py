"""Networks on a GPU draw what they draw on a CPU."""

from copy import deepcopy
from importlib.util import find_spec

import pytest
import torch

import pastiche
from pastiche.agilegan import AttributeStyle
from pastiche.bench.published import stylegan2 as published
from pastiche.bench.synthesis import _codes, _forms, picture_generator
from pastiche.numerics import precision

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("resolution", [64, 256])
@pytest.mark.parametrize("batch", [1, 3])
def test_every_form_agrees_with_the_published_one(cuda, relative_error, resolution, batch):
    """Eager, compiled and captured, in each precision."""
    generator = picture_generator(resolution, cuda)
    codes = _codes(generator, batch)
    with torch.no_grad(), precision("float32", cuda):
        wanted = published.synthesis(generator, codes)
    forms = _forms(generator, codes, cuda)
    ways = ("", ", graph", ", compiled") if find_spec("triton") else ("", ", graph")  # torch.compile needs Triton on a GPU
    assert {f"{chosen}{way}" for chosen in ("float32", "bfloat16", "float16") for way in ways} <= set(forms)
    with torch.no_grad():
        for name, work in forms.items():
            exact = name.startswith("float32") and "TF32" not in name
            assert relative_error(work(), wanted) < (1e-4 if exact else 0.3), name


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_of_weights_does_not_matter(cuda, small_generator, codes, relative_error, layout):
    generator = small_generator(64).to(cuda)
    w_plus = codes(small_generator(64)).to(cuda)
    wanted = generator.synthesis(w_plus)
    assert relative_error(generator.to(memory_format=layout).synthesis(w_plus), wanted) < 1e-4


def test_the_demo_models(cuda, relative_error):
    here, there = pastiche.load("demo"), pastiche.load("demo", device=cuda)
    photo = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with precision("float32", cuda), torch.no_grad():
        latent, found = (pastiche.invert(photo, models.generator, models.encoder) for models in (here, there))
        assert relative_error(found.codes.cpu(), latent.codes) < 1e-3
        assert relative_error(there.generator(latent).cpu(), here.generator(latent)) < 1e-3
        assert relative_error(there.discriminator(photo.to(cuda)).cpu(), here.discriminator(photo)) < 1e-3


def test_a_style_takes_its_source_from_another_device(cuda, relative_error):
    from_base, style = pastiche.load("demo").generator, pastiche.load("demo:agilegan-comic", device=cuda).generator
    face = from_base.random_faces(1, torch.Generator().manual_seed(0))
    with precision("float32", cuda):
        for strength in (1.0, 0.5, 0.0):
            apart, together = (
                AttributeStyle(style, source)(face, strength=strength) for source in (from_base, deepcopy(from_base).to(cuda))
            )
            assert relative_error(apart.cpu(), together.cpu()) < 1e-3


def test_random_faces_are_the_same_on_every_device(cuda, small_generator):
    generator = small_generator(64)
    wanted = generator.sample_z(4, torch.Generator().manual_seed(1))
    assert torch.equal(generator.to(cuda).sample_z(4, torch.Generator().manual_seed(1)).cpu(), wanted)


def test_memory_is_free_after_unloading(cuda, small_generator, codes):
    """ComfyUI unloads a network by moving it to the CPU."""
    torch.cuda.empty_cache()
    generator = small_generator(256, most=64)
    w_plus = codes(generator)
    generator.to(cuda).synthesis(w_plus.to(cuda))
    before = torch.cuda.memory_allocated(cuda)
    generator.cpu()
    weights = sum(tensor.numel() * tensor.element_size() for tensor in generator.state_dict().values())
    assert torch.cuda.memory_allocated(cuda) <= before - 0.9 * weights
    generator.to(cuda).synthesis(w_plus.to(cuda))
    assert torch.cuda.memory_allocated(cuda) <= before + 2**20


@pytest.mark.parametrize("name", ["agilegan-comic", "dualstylegan"])
def test_a_methods_memory_is_free_after_unloading(cuda, name):
    """Neither a mixture of generators nor what was computed of an exemplar stays behind."""
    face = pastiche.load("demo").generator.random_faces(1, torch.Generator().manual_seed(0))
    networks = pastiche.load(f"demo:{name}")
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(cuda)
    networks.to(cuda)
    if name == "dualstylegan":
        pastiche.dual_style(networks, 0)(face, strength=0.5)
    else:
        AttributeStyle(networks.generator)(face, attribute=0.5)
    assert torch.cuda.memory_allocated(cuda) > before
    networks.to("cpu")
    assert torch.cuda.memory_allocated(cuda) <= before + 2**20


def test_auto_is_what_the_gpu_multiplies(cuda):
    capable = torch.cuda.get_device_capability(cuda) >= (8, 0) or torch.version.hip
    with pastiche.precision("auto", cuda) as dtype:
        assert dtype == (torch.bfloat16 if capable else torch.float32)
        assert torch.backends.cudnn.allow_tf32 == (dtype != torch.float32)
