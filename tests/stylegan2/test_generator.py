"""The generator against the published form, written plainly, with a weight for each sample."""

import copy
from math import sqrt

import pytest
import torch
import torch.nn.functional as F

from pastiche.bench.published import stylegan2 as published
from pastiche.errors import LatentError
from pastiche.latents import Latent
from pastiche.stylegan2 import Generator, GeneratorConfig, published_channels, stage, winograd
from pastiche.stylegan2.modulated import Form, ModulatedConv
from pastiche.training.ema import update_average

CLOSE = 1e-5
# Winograd's transforms multiply by up to 64 before they add and subtract: the largest of many errors is this
# large, while their root mean square stays below CLOSE.
CLOSE_WINOGRAD = 5e-5


@pytest.fixture(scope="module")
def generator(small_generator):
    return small_generator(32)


@pytest.mark.parametrize("resolution", [8, 16, 32, 64, 128, 256, 512, 1024, 2048])
def test_every_resolution_builds(resolution):
    with torch.device("meta"):
        generator = Generator(GeneratorConfig(resolution=resolution))
    log = resolution.bit_length() - 1
    assert generator.num_layers == 2 * log - 2
    assert len(generator.noise_resolutions) == 2 * log - 3
    assert [2 ** ((index + 5) // 2) for index in range(2 * log - 3)] == generator.noise_resolutions
    assert len(generator.layers) == len(generator.rows) == 3 * log - 4
    assert max(generator.rows) == generator.num_layers - 1
    widths = published_channels(resolution)
    assert [conv.conv.weight.shape[1] for conv in generator.convs[::2]] == [widths[2**k] for k in range(3, log + 1)]
    assert generator.to_rgbs[-1].conv.weight.shape == (1, 3, widths[resolution], 1, 1)


def test_style_space_of_1024_is_as_wide_as_published():
    with torch.device("meta"):
        generator = Generator(GeneratorConfig(resolution=1024))
    widths = [layer.conv.weight.shape[2] for layer in generator.layers]
    assert widths == [512] * 15 + [256] * 3 + [128] * 3 + [64] * 3 + [32] * 2
    assert sum(widths) == 9088


def test_channel_tables():
    config_f = {4: 512, 8: 512, 16: 512, 32: 512, 64: 512, 128: 256, 256: 128, 512: 64, 1024: 32}
    assert published_channels(1024, 2) == config_f
    assert published_channels(1024, 1) == {side: count if side < 64 else count // 2 for side, count in config_f.items()}
    assert published_channels(64, 1, base=1024, most=100) == {4: 100, 8: 100, 16: 64, 32: 32, 64: 16}


@pytest.mark.parametrize("resolution", [0, 4, 12, 100, 4096])
def test_a_resolution_that_does_not_exist(resolution):
    with pytest.raises(ValueError, match=f"resolution {resolution} is not a power of two from 8 to 2048"):
        GeneratorConfig(resolution=resolution)


def test_parameter_names_are_the_published_ones(generator):
    names = set(generator.state_dict())
    for name in (
        "style.1.weight",
        "style.2.bias",
        "input.input",
        "conv1.conv.modulation.bias",
        "conv1.noise.weight",
        "conv1.activate.bias",
        "to_rgb1.conv.weight",
        "to_rgb1.bias",
        "convs.5.conv.weight",
        "to_rgbs.2.conv.modulation.weight",
        "noises.noise_6",
    ):
        assert name in names


@pytest.mark.parametrize("depth", [1, 2, 8])
def test_mapping_depth(small_generator, relative_error, depth):
    generator = small_generator(8, mapping_layers=depth, z_dim=12)
    z = torch.randn(3, 12)
    w = z.double() / (z.double().square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
    for index in range(1, depth + 1):
        weight, bias = (generator.state_dict()[f"style.{index}.{name}"].double() for name in ("weight", "bias"))
        w = F.leaky_relu(F.linear(w, weight * 0.01 / sqrt(w.shape[1]), bias * 0.01), 0.2) * sqrt(2)
    assert relative_error(generator.mapping(z), w) < CLOSE
    assert len(generator.style) == depth + 1


def test_stored_scales_are_the_published_ones():
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(resolution=8, channels={4: 64, 8: 64}, z_dim=64, w_dim=64))
    assert generator.style[1].weight.std().item() == pytest.approx(100, rel=0.05)
    assert generator.conv1.conv.weight.std().item() == pytest.approx(1, rel=0.05)
    assert generator.conv1.conv.modulation.bias.unique().tolist() == [1]
    assert generator.conv1.noise.weight.tolist() == [0]


def test_truncation(generator, codes):
    w_plus = codes(generator)
    w = w_plus[:, 0]
    assert torch.equal(generator.truncate(w, 1), w)
    assert torch.equal(generator.truncate(w_plus, 1), w_plus)
    assert torch.equal(generator.truncate(w, 0), generator.w_avg.expand_as(w))
    assert torch.allclose(generator.truncate(w_plus, 0.3), generator.w_avg + 0.3 * (w_plus - generator.w_avg), atol=1e-6)


def test_truncation_of_the_first_rows(generator, codes):
    w_plus = codes(generator)
    found = generator.truncate(w_plus, 0.5, cutoff=3)
    assert torch.equal(found[:, :3], generator.truncate(w_plus, 0.5)[:, :3])
    assert torch.equal(found[:, 3:], w_plus[:, 3:])
    with pytest.raises(LatentError, match="needs a code for each layer"):
        generator.truncate(w_plus[:, 0], 0.5, cutoff=3)


def test_the_mean_of_w_is_reproducible(generator):
    assert torch.equal(generator.estimate_w_avg(100), generator.estimate_w_avg(100))
    assert not torch.equal(generator.estimate_w_avg(100), generator.estimate_w_avg(100, seed=1))
    everything = generator.mapping(generator.sample_z(100, torch.Generator().manual_seed(0))).mean(dim=0)
    assert torch.equal(generator.estimate_w_avg(100), everything)


def test_style_mixing(generator, codes):
    """Exchanging one row changes the styles of the layers that this row drives, and no others."""
    first, second = codes(generator, 1, seed=5), codes(generator, 1, seed=6)
    before = generator.styles(first)
    for row in range(generator.num_layers):
        mixed = first.clone()
        mixed[:, row] = second[:, row]
        changed = [not torch.equal(a, b) for a, b in zip(before, generator.styles(mixed), strict=True)]
        assert changed == [driver == row for driver in generator.rows]


def test_a_to_rgb_shares_its_row_with_the_next_convolution(generator):
    """Row r drives convs[r - 1], and to_rgbs[(r - 3) / 2] if r is odd; row 1 to_rgb1 as well."""
    rows = dict(zip(generator.layers, generator.rows, strict=True))
    assert rows[generator.conv1] == 0
    assert rows[generator.to_rgb1] == 1
    assert [rows[conv] for conv in generator.convs] == list(range(1, generator.num_layers - 1))
    assert [rows[to_rgb] for to_rgb in generator.to_rgbs] == list(range(3, generator.num_layers, 2))


def test_every_space_leads_to_the_same_picture(generator):
    z = torch.randn(2, 16)
    w = generator.mapping(z)
    wanted = generator.synthesis(generator.broadcast(w))
    rows = generator.num_layers
    for latent in (
        Latent(z, "z"),
        Latent(w, "w"),
        Latent(generator.broadcast(w), "w+"),
        Latent(z[:, None].repeat(1, rows, 1), "z+"),
    ):
        assert torch.allclose(generator(latent), wanted, atol=1e-5)


@pytest.mark.parametrize("space", ["z", "w"])
@pytest.mark.parametrize("shape", [(2, 17), (2, 7, 16), (2, 8, 17)])
def test_a_latent_of_another_generator(generator, space, shape):
    latent = Latent(torch.zeros(shape), space if len(shape) == 2 else f"{space}+")
    with pytest.raises(LatentError, match="this generator of 32 pixels takes"):
        generator(latent)


def test_codes_of_another_generator(generator):
    with pytest.raises(LatentError, match=r"\[N, 8, 16\], not \[1, 18, 512\]"):
        generator.synthesis(torch.zeros(1, 18, 512))
    with pytest.raises(LatentError, match=r"\[N, 8, 16\], not \[1, 16\]"):
        generator.synthesis(torch.zeros(1, 16))


def test_fixed_noise_is_the_models_own(generator, codes):
    w_plus = codes(generator)
    own = [getattr(generator.noises, f"noise_{index}") for index in range(7)]
    assert torch.equal(generator.synthesis(w_plus), generator.synthesis(w_plus))
    assert torch.equal(generator.synthesis(w_plus), generator.synthesis(w_plus, noise=own))
    other = [level + 0.5 for level in own]
    assert not torch.equal(generator.synthesis(w_plus), generator.synthesis(w_plus, noise=other))


def test_random_noise_follows_its_seed(generator, codes):
    w_plus = codes(generator, 1).expand(2, -1, -1)

    def draw(seed):
        return generator.synthesis(w_plus, noise="random", rng=torch.Generator().manual_seed(seed))

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert not torch.equal(draw(0)[0], draw(0)[1])


def test_random_noise_leaves_the_global_generator_alone(generator, codes):
    before = torch.get_rng_state()
    generator.synthesis(codes(generator), noise="random", rng=torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), before)


def test_no_noise_is_noise_of_strength_zero(generator, codes):
    w_plus = codes(generator)
    quiet = copy.deepcopy(generator)
    for layer in (quiet.conv1, *quiet.convs):
        layer.noise.weight.zero_()
    assert torch.equal(generator.synthesis(w_plus, noise="none"), quiet.synthesis(w_plus))


def test_given_noise_for_each_image(generator, codes, relative_error):
    w_plus = codes(generator, 2)
    maps = generator.noise_maps("random", 2, torch.Generator().manual_seed(0))
    together = generator.synthesis(w_plus, noise=maps)
    alone = generator.synthesis(w_plus[1:], noise=[level[1:] for level in maps])
    assert relative_error(together[1:], alone) < CLOSE


def test_noise_that_does_not_fit(generator, codes):
    maps = generator.noise_maps("fixed")
    with pytest.raises(ValueError, match=r"\[4, 8, 8, 16, 16, 32, 32\] are needed"):
        generator.synthesis(codes(generator), noise=maps[:-1])
    with pytest.raises(ValueError, match="are needed"):
        generator.synthesis(codes(generator), noise=[*maps[:-1], maps[0]])
    with pytest.raises(ValueError, match="noise 'const' is none of fixed, random, none"):
        generator.synthesis(codes(generator), noise="const")


@pytest.mark.parametrize("resolution", [8, 64])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("learning", [False, True])
def test_published_synthesis(small_generator, codes, relative_error, resolution, batch, learning):
    generator = small_generator(resolution, train=learning)
    w_plus = codes(generator, batch)
    with torch.set_grad_enabled(learning):
        found = generator.synthesis(w_plus).detach()
    wanted = published.synthesis(copy.deepcopy(generator).double(), w_plus.double()).detach()
    assert relative_error(found, wanted) < CLOSE


def test_features_of_each_stage(generator, codes, relative_error):
    """Walking through `bind` gives the features of each resolution, and in the end the picture."""
    w_plus = codes(generator)
    x, rgb, sides = generator.constant(2), None, []
    for bound in generator.bind(generator.styles(w_plus), generator.noise_maps()):
        x, rgb = bound(x, rgb)
        sides.append(x.shape[-1])
        assert x.shape[1] == generator.config.channels[x.shape[-1]]
        assert rgb.shape == (2, 3, x.shape[-1], x.shape[-1])
    assert sides == [4, 8, 16, 32]
    assert torch.equal(rgb, generator.synthesis(w_plus))


def plain_layer(layer, x, style, noise):
    """A styled convolution as published."""
    conv = layer.conv
    y = published.modulated(x, style, conv.weight, conv.scale, conv.demodulate, conv.upsample)
    if conv.upsample:
        y = published.upfirdn(y, published.fir((1, 3, 3, 1), 4, y), pad=(1, 1))
    return published.activate(y + layer.noise.weight * noise, layer.activate.bias)


def test_features_of_each_layer(generator, codes, relative_error):
    w_plus = codes(generator)
    found = {}
    hooks = [
        layer.register_forward_hook(lambda layer, _, y: found.__setitem__(layer, y.clone()))
        for layer in (generator.conv1, *generator.convs)
    ]
    generator.synthesis(w_plus)
    for hook in hooks:
        hook.remove()
    x = generator.constant(2)
    styles = dict(zip(generator.layers, generator.styles(w_plus), strict=True))
    for layer, noise in zip((generator.conv1, *generator.convs), generator.noise_maps(), strict=True):
        x = plain_layer(layer, x, styles[layer], noise)
        assert relative_error(found[layer], x) < CLOSE


SCALED, FOLDED = Form(folded=False, winograd=False), Form(folded=True, winograd=False)
EVERY_FORM = [SCALED, FOLDED, Form(folded=False, winograd=True), Form(folded=True, winograd=True)]


def named(form):
    return ("folded" if form.folded else "scaled") + ("-winograd" if form.winograd else "")


def force(monkeypatch, form):
    """Let every convolution that can, take one form."""

    def chosen(self, *_args):
        fits = self.weight.shape[-1] == 3 and not self.upsample and not self.weight.requires_grad
        return form._replace(winograd=form.winograd and fits)

    monkeypatch.setattr(ModulatedConv, "_form", chosen)


@pytest.mark.parametrize(("size", "upsample"), [(3, False), (3, True), (1, False)])
@pytest.mark.parametrize("form", EVERY_FORM, ids=named)
@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
@torch.no_grad()
def test_forms_agree_with_a_weight_for_each_sample(monkeypatch, relative_error, form, size, upsample, demodulate, batch):
    torch.manual_seed(0)
    conv = ModulatedConv(24, 10, size, 8, demodulate=demodulate, upsample=upsample)
    x, style = torch.randn(batch, 24, 8, 12), torch.randn(batch, 24)
    force(monkeypatch, form)
    wanted = published.modulated(x.double(), style.double(), conv.weight.double(), conv.scale, demodulate, upsample)
    for gain in (1.0, 3.0):
        found = conv(x.clone(), style, gain=gain)
        assert relative_error(found, gain * wanted) < (CLOSE_WINOGRAD if form.winograd else CLOSE)
        assert (found - gain * wanted).square().mean().sqrt() < CLOSE * gain * wanted.std()


@pytest.mark.parametrize("form", EVERY_FORM, ids=named)
def test_synthesis_in_each_form(monkeypatch, small_generator, codes, relative_error, form):
    generator = small_generator(32)
    w_plus = codes(generator, 2)
    wanted = published.synthesis(copy.deepcopy(generator).double(), w_plus.double())
    force(monkeypatch, form)
    assert relative_error(generator.synthesis(w_plus), wanted) < CLOSE


def test_winograd_is_chosen_where_channels_are_many():
    conv = ModulatedConv(192, 192, 3, 8).requires_grad_(False)
    style = torch.zeros(1, 192)
    assert conv._form(torch.zeros(1, 192, 16, 16), style).winograd
    assert conv._form(torch.zeros(1, 192, 18, 16, dtype=torch.bfloat16), style).winograd
    assert not conv._form(torch.zeros(1, 192, 18, 16), style).winograd
    assert not conv._form(torch.zeros(1, 192, 16, 16, dtype=torch.float16), style).winograd
    assert not ModulatedConv(192, 64, 3, 8).requires_grad_(False)._form(torch.zeros(1, 192, 16, 16), style).winograd
    for number in range(3):
        given = [torch.zeros(1, 192, 16, 16), torch.zeros(1, 192), conv.weight]
        given[number].requires_grad_()
        assert not conv._form(*given[:2]).winograd, "what learns must not take the form that has no derivative"
        given[number].requires_grad_(False)


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (2, 5, 8, 20), (1, 40, 64, 64)])
def test_winograd(monkeypatch, relative_error, shape):
    monkeypatch.setattr(winograd, "STRIP_BYTES", 100_000)  # several strips
    torch.manual_seed(0)
    x, weight = torch.randn(shape), torch.randn(7, shape[1], 3, 3)
    wanted = F.conv2d(x.double(), weight.double(), padding=1)
    found = winograd.convolve(x, winograd.transform_weight(weight, torch.float32))
    assert relative_error(found, wanted) < CLOSE_WINOGRAD
    assert (found - wanted).square().mean().sqrt() < CLOSE * wanted.std()


@pytest.mark.parametrize("shape", [(1, 3, 2, 4), (2, 5, 6, 20), (1, 40, 64, 64)])
def test_winograd_in_bfloat16(monkeypatch, relative_error, shape):
    monkeypatch.setattr(winograd, "STRIP_BYTES", 20_000)  # several strips
    torch.manual_seed(0)
    x, weight = torch.randn(shape).bfloat16(), torch.randn(7, shape[1], 3, 3)
    wanted = F.conv2d(x.double(), weight.double(), padding=1)
    found = winograd.convolve(x, winograd.transform_weight(weight, x.dtype).to(x.dtype))
    assert found.dtype == torch.bfloat16
    assert (found - wanted).square().mean().sqrt() < 0.01 * wanted.std()  # 0.003 by the direct form


@pytest.mark.parametrize("strip_bytes", [1, 4 * 64 * 12 * 4 * 12])
@pytest.mark.parametrize("taps", [(1.0, 1.0), (1.0, 3.0, 3.0, 1.0), (1.0, 5.0, 10.0, 10.0, 5.0, 1.0)])
@pytest.mark.parametrize("noise", ["fixed", "random", "none"])
def test_row_strips_change_nothing(monkeypatch, small_generator, codes, relative_error, strip_bytes, taps, noise):
    generator = small_generator(64, resample_filter=taps, most=12, multiplier=32)
    w_plus = codes(generator, 2)

    def draw():
        return generator.synthesis(w_plus, noise=noise, rng=torch.Generator().manual_seed(0))

    with torch.no_grad():
        whole = draw()
        monkeypatch.setattr(stage, "STRIP_BYTES", strip_bytes)
        strips = []
        original = stage.Stage._strip
        monkeypatch.setattr(stage.Stage, "_strip", lambda self, *args: (strips.append(args[2]), original(self, *args)))
        found = draw()
    assert len({rows for rows in strips if rows[1] - rows[0] < 32}) > 1
    assert relative_error(found, whole) < CLOSE


def test_row_strips_keep_features_where_they_are_wanted(monkeypatch, small_generator, codes, relative_error):
    generator = small_generator(64)
    *_, last = generator.bind(generator.styles(codes(generator)), generator.noise_maps())
    x, rgb = torch.randn(2, generator.config.channels[32], 32, 32), torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        features, image = last(x, rgb)
        monkeypatch.setattr(stage, "STRIP_BYTES", 1)
        kept, strips = last(x, rgb)
        dropped, again = last(x, rgb, keep=False)
    assert relative_error(kept, features) < CLOSE
    assert relative_error(strips, image) < CLOSE
    assert dropped.shape[1] == 0
    assert torch.equal(again, strips)


def test_a_batch_equals_its_images(generator, codes, relative_error):
    w_plus = codes(generator, 5)
    together = generator.synthesis(w_plus)
    for index in range(5):
        assert relative_error(together[index : index + 1], generator.synthesis(w_plus[index : index + 1])) < CLOSE


def test_conv_clamp_bounds_the_activations(small_generator, codes):
    free, bounded = small_generator(16), small_generator(16, conv_clamp=0.5)
    bounded.load_state_dict(free.state_dict())
    largest = []
    for layer in (bounded.conv1, *bounded.convs):
        layer.register_forward_hook(lambda _layer, _, y: largest.append(y.abs().max().item()))
    with torch.no_grad():
        quick = bounded.synthesis(codes(free))
    assert max(largest) == pytest.approx(0.5)
    with torch.enable_grad():
        assert torch.allclose(bounded.synthesis(codes(free).requires_grad_()), quick, atol=1e-5)
    assert not torch.allclose(free.synthesis(codes(free)), quick, atol=1e-2)


# Relative to the picture's spread; a bfloat16 has 8 bits, a float16 11, and CPUs compute float16 as float32.
PRECISIONS = {torch.bfloat16: 0.05, torch.float16: 0.005}


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("learning", [False, True])
def test_autocast(small_generator, codes, relative_error, dtype, learning):
    generator = small_generator(64, train=learning, multiplier=32)
    w_plus = codes(generator)
    with torch.set_grad_enabled(learning):
        wanted = generator.synthesis(w_plus).detach()
        with torch.autocast("cpu", dtype):
            found = generator.synthesis(w_plus).detach()
    assert found.dtype == torch.float32
    assert relative_error(found, wanted) < PRECISIONS[dtype]
    if dtype == torch.bfloat16:
        assert not torch.equal(found, wanted), "nothing was computed in bfloat16"


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_weights_of_lower_precision(small_generator, codes, relative_error, dtype):
    generator = small_generator(64, multiplier=32)
    w_plus = codes(generator)
    wanted = generator.synthesis(w_plus)
    found = copy.deepcopy(generator).to(dtype).synthesis(w_plus)
    assert found.dtype == torch.float32
    assert relative_error(found, wanted) < PRECISIONS[dtype]


def test_only_late_stages_lose_precision(small_generator, codes):
    generator = small_generator(64, multiplier=32)
    with torch.autocast("cpu", torch.bfloat16):
        stages = generator.bind(generator.styles(codes(generator)), generator.noise_maps())
    assert [bound.dtype for bound in stages] == [torch.float32] * 3 + [torch.bfloat16] * 2


@torch.no_grad()
def test_large_styles_do_not_overflow_in_float16(relative_error):
    torch.manual_seed(0)
    conv = ModulatedConv(16, 16, 3, 8)
    x, style = 10 * torch.randn(2, 16, 8, 8), 1e4 * torch.randn(2, 16)  # their product does not fit a float16
    wanted = published.modulated(x, style, conv.weight, conv.scale, True, False)
    assert relative_error(conv(x.half(), style).float(), wanted) < 5e-3  # eleven bits


def adam(**options):
    def step(generator, _other):
        generator.requires_grad_()
        optimizer = torch.optim.Adam(generator.parameters(), lr=0.1, **options)
        with torch.enable_grad():
            w_plus = torch.ones(1, generator.num_layers, generator.latent_dim)
            generator.synthesis(w_plus).square().sum().backward()
        optimizer.step()
        generator.requires_grad_(False)

    return step


def each_parameter(change):
    @torch.no_grad()
    def apply(generator, other):
        for own, new in zip(generator.parameters(), other.parameters(), strict=True):
            change(own, new)

    return apply


CHANGES = {
    "adam": adam(foreach=False),
    "adam-foreach": adam(foreach=True),
    "adam-fused": adam(fused=True),
    "load": lambda generator, other: generator.load_state_dict(other.state_dict()),
    "assign": lambda generator, other: generator.load_state_dict(copy.deepcopy(other.state_dict()), assign=True),
    "copy": each_parameter(lambda own, new: own.copy_(new)),
    "average": lambda generator, other: update_average(generator, other, 0.5),
    "data": each_parameter(lambda own, new: setattr(own, "data", new.data.clone())),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("form", EVERY_FORM, ids=named)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_prepared_weights_follow_the_weights(monkeypatch, small_generator, codes, relative_error, form, change, mode):
    generator, other = small_generator(16), small_generator(16, seed=1)
    w_plus = codes(generator)
    force(monkeypatch, form)
    with mode():
        before = generator.synthesis(w_plus)
    CHANGES[change](generator, other)
    with mode():
        found = generator.synthesis(w_plus)
    assert relative_error(before, found) > 0.01
    assert relative_error(found, published.synthesis(generator, w_plus)) < (CLOSE_WINOGRAD if form.winograd else CLOSE)


def test_weights_made_in_inference_mode_can_be_loaded_anew(small_generator, codes, relative_error):
    with torch.inference_mode():
        generator = small_generator(16)
        w_plus = codes(generator)
        generator.synthesis(w_plus)
        generator.load_state_dict(small_generator(16, seed=1).state_dict())
        assert relative_error(generator.synthesis(w_plus), published.synthesis(generator, w_plus)) < CLOSE


def test_weights_are_prepared_once(small_generator, codes):
    generator = small_generator(16)
    generator.synthesis(codes(generator))
    prepared = [layer.conv._prepared._entry[2] for layer in generator.layers]
    generator.synthesis(codes(generator))
    assert all(layer.conv._prepared._entry[2] is kept for layer, kept in zip(generator.layers, prepared, strict=True))


def test_a_copy_does_not_carry_prepared_weights(small_generator, codes):
    generator = small_generator(16)
    generator.synthesis(codes(generator))
    assert all(layer.conv._prepared._entry is None for layer in copy.deepcopy(generator).layers)


@pytest.mark.parametrize("form", [SCALED, FOLDED], ids=named)
def test_a_picture_made_in_inference_mode_does_not_hinder_learning(monkeypatch, small_generator, codes, relative_error, form):
    """ComfyUI runs nodes in inference mode; an inversion follows with the same frozen weights."""
    generator = small_generator(16)
    w_plus = codes(generator).requires_grad_()
    force(monkeypatch, form)
    with torch.inference_mode():
        generator.synthesis(w_plus)
    (found,) = torch.autograd.grad(generator.synthesis(w_plus).square().sum(), w_plus)
    (wanted,) = torch.autograd.grad(published.synthesis(generator, w_plus).square().sum(), w_plus)
    assert relative_error(found, wanted) < 1e-4  # a gradient of float32 through 6 layers


def test_random_faces_repeat_and_are_truncated(small_generator):
    generator = small_generator(32)
    generator.w_avg.copy_(torch.linspace(-1, 1, generator.latent_dim))
    full, half, mean = (generator.random_faces(3, torch.Generator().manual_seed(7), psi=psi) for psi in (1.0, 0.5, 0.0))
    assert full.space == "w"
    assert full.codes.shape == (3, generator.latent_dim)
    assert torch.equal(full.codes, generator.random_faces(3, torch.Generator().manual_seed(7)).codes)
    assert torch.allclose(half.codes, (full.codes + generator.w_avg) / 2)
    assert torch.allclose(mean.codes, generator.w_avg.expand(3, -1))
