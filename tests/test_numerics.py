"""Precision: what is chosen where, what is refused, what is said."""

import logging

import pytest
import torch

import pastiche
from pastiche import numerics
from pastiche.errors import PasticheError
from pastiche.numerics import choose_dtype, cpu_instructions, fast_bfloat16, precision, tensor_float32

CPU = torch.device("cpu")
BARE = {"avx2": True, "avx512_f": True, "avx512_bf16": False, "amx_bf16": False}


@pytest.fixture
def instructions(monkeypatch):
    """Makes this an x86 CPU with these instructions."""

    def pretend(**found):
        monkeypatch.setattr(numerics.platform, "machine", lambda: "x86_64")
        monkeypatch.setattr(numerics, "_x86", lambda: {**BARE, **found})

    return pretend


@pytest.mark.parametrize("found", [{"avx512_bf16": True}, {"amx_bf16": True}])
def test_auto_is_bfloat16_where_the_cpu_multiplies_it(instructions, found):
    instructions(**found)
    assert fast_bfloat16(CPU)
    assert choose_dtype("auto", CPU) == torch.bfloat16


def test_auto_is_float32_on_a_cpu_without_the_instructions(instructions):
    """Three times slower in bfloat16 on an Intel Xeon with AVX-512 alone."""
    instructions()
    assert cpu_instructions() == ("AVX2", "AVX-512")
    assert choose_dtype("auto", CPU) == torch.float32


@pytest.mark.parametrize(("supported", "wanted"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_asks_an_arm_cpu(monkeypatch, supported, wanted):
    monkeypatch.setattr(numerics.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(numerics, "_arm_bfloat16", lambda: supported)
    assert choose_dtype("auto", CPU) == wanted


@pytest.mark.parametrize(("emulated_only", "wanted"), [(False, torch.bfloat16), (True, torch.float32)])
def test_auto_asks_a_gpu_and_does_not_take_emulation_for_an_answer(monkeypatch, emulated_only, wanted):
    import contextlib

    monkeypatch.setattr(torch.cuda, "device", lambda _device: contextlib.nullcontext())
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or not emulated_only
    )
    assert choose_dtype("auto", torch.device("cuda")) == wanted


def test_what_this_cpu_has_agrees_with_the_functions_of_older_versions():
    if "avx2" not in numerics._x86():
        pytest.skip("not an x86 CPU")
    found = numerics._x86()
    assert found["avx512_bf16"] == torch.cpu._is_avx512_bf16_supported()
    assert found["avx2"] == torch.cpu._is_avx2_supported()


def test_a_slower_choice_is_said(instructions, caplog):
    instructions()
    with caplog.at_level(logging.INFO, "pastiche.numerics"):
        assert choose_dtype("bfloat16", CPU) == torch.bfloat16
    assert caplog.messages == ["bfloat16 is slower than float32 here: cpu lacks instructions for it; auto chooses float32"]
    caplog.clear()
    instructions(avx512_bf16=True)
    with caplog.at_level(logging.INFO, "pastiche.numerics"):
        choose_dtype("float32", CPU)
    assert caplog.messages == ["float32 is slower than bfloat16 here; auto chooses bfloat16"]
    caplog.clear()
    choose_dtype("bfloat16", CPU)
    assert not caplog.messages


def test_float16_is_refused_on_a_cpu():
    with pytest.raises(PasticheError, match=r"precision is float16, .* on a CPU: choose auto, bfloat16 or float32"):
        choose_dtype("float16", CPU)


def test_a_precision_that_is_none():
    with pytest.raises(PasticheError, match="precision is 'half': choose one of auto, float32, bfloat16, float16"):
        choose_dtype("half", CPU)


def test_the_context_sets_autocast_and_puts_it_back(instructions):
    instructions(avx512_bf16=True)
    with pastiche.precision("auto") as dtype:
        assert dtype == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        with precision("float32"):
            assert not torch.is_autocast_enabled("cpu")
        assert torch.is_autocast_enabled("cpu")
    assert not torch.is_autocast_enabled("cpu")


def settings():
    """What PyTorch keeps of TF32."""
    return [torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()]


@pytest.fixture
def restored():
    """PyTorch's settings as they were."""
    yield
    if hasattr(torch.backends.cudnn, "conv"):
        for operation in (torch.backends.cudnn.conv, torch.backends.cudnn.rnn):
            operation.fp32_precision = "tf32"
    torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize("mine", [(True, "highest"), (False, "highest"), (True, "medium")])
@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_the_users_own_settings_come_back(restored, mine, chosen):
    torch.backends.cudnn.allow_tf32 = mine[0]
    torch.set_float32_matmul_precision(mine[1])
    with precision(chosen):
        reduced = chosen != "float32"
        assert settings() == [reduced, "high" if reduced else "highest"]
    assert settings() == list(mine)


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="PyTorch before 2.9 has one interface")
def test_settings_of_the_newer_interface_come_back(restored):
    torch.backends.cudnn.conv.fp32_precision = "ieee"
    before = torch.backends.cudnn.rnn.fp32_precision
    with tensor_float32(allowed=True):
        assert torch.backends.cudnn.conv.fp32_precision == "tf32"
    with tensor_float32(allowed=False):
        assert torch.backends.cudnn.rnn.fp32_precision == "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    assert torch.backends.cudnn.rnn.fp32_precision == before


def test_the_device_is_named_as_everywhere(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with precision("float32", "auto") as dtype:
        assert dtype == torch.float32
    with pytest.raises(PasticheError, match="the device 'cuda' is not available"), precision("auto", "cuda"):
        pass
    with pytest.raises(PasticheError, match="'gpu' is not a device"), precision("auto", "gpu"):
        pass
