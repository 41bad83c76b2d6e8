"""DualStyleGAN's style: amounts, blending, files."""

import json
from copy import deepcopy

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pastiche.dualstylegan import DualSettings, DualStyle
from pastiche.editing import interpolate
from pastiche.errors import LatentError, StyleError
from pastiche.latents import Latent
from pastiche.people import Tuned
from pastiche.style_protocol import Style, load_style


@pytest.fixture(scope="module")
def style(generator, code):
    return DualStyle(generator, code)


@pytest.fixture(scope="module")
def face(faces):
    return Latent(faces, "w+")


def test_the_releases_numbers(style, generator, faces, code, face):
    assert isinstance(style, Style)
    exstyle = generator.mapping(code[None])
    wanted = generator.synthesis(0.75 * faces, exstyle=exstyle, weights=[0.75] * 7 + [1] * 3)
    assert torch.equal(style(face), wanted)


def test_amounts_for_each_row(style, face):
    one = style(face, structure=0.6, color=0.4)
    assert torch.equal(style(face, structure=[0.6] * 7, color=(0.4,) * 3), one)
    anime = style(face, structure=[0, 0, 0, 0, 0.75, 0.75, 0.75], color=1)
    assert not torch.equal(anime, one)
    for name, count in (("structure", 7), ("color", 3)):
        with pytest.raises(
            StyleError, match=f"2 numbers were given for {name}: expected one, or one for each of its {count} rows"
        ):
            style(face, **{name: [1, 1]})


def test_truncation_towards_zero_and_towards_the_mean(generator, faces, code, face):
    exstyle = generator.mapping(code[None])
    whole = DualStyle(generator, code, DualSettings(structure=1, truncation=1))
    assert torch.equal(whole(face), generator.synthesis(faces, exstyle=exstyle))
    for center, wanted in (("zero", 0.5 * faces), ("mean", generator.truncate(faces, 0.5))):
        style = DualStyle(generator, code, DualSettings(structure=1, truncation=0.5, center=center))
        assert torch.equal(style(face), generator.synthesis(wanted, exstyle=exstyle))
    with pytest.raises(StyleError, match="truncation towards 'chaos' is not known: expected one of zero, mean"):
        DualSettings(center="chaos")


def test_strength(style, generator, faces, face, relative_error):
    for wrong in (float("nan"), -0.1, 1.5):
        with pytest.raises(StyleError, match="strength is"):
            style(face, strength=wrong)
    assert torch.equal(style(face, strength=0), generator.synthesis(faces))
    assert relative_error(style(face, strength=1e-6), style(face, strength=0)) < 1e-3
    exstyle = generator.mapping(style.code[None])
    wanted = generator.synthesis(0.875 * faces, exstyle=exstyle, weights=[0.375] * 7 + [0.5] * 3)
    assert relative_error(style(face, strength=0.5), wanted) < 5e-5


def test_preserved_colours(style, generator, code, relative_error):
    """As in the release: colour rows of the style's z+ code are the face's, before anything is mapped."""
    z_plus = torch.randn(2, generator.num_layers, 16)
    mixed = torch.cat([code.expand(2, -1, -1)[:, :7], z_plus[:, 7:]], dim=1)
    exstyle = generator.mapping(mixed)
    wanted = generator.synthesis(0.75 * generator.mapping(z_plus), exstyle=exstyle, weights=[0.75] * 7 + [1] * 3)
    latent = Latent(z_plus, "z+")
    assert relative_error(style(latent, preserve_color=True), wanted) < 5e-5
    keeping = DualStyle(generator, code, DualSettings(preserve_color=True))
    assert torch.equal(keeping(latent), style(latent, preserve_color=True))
    assert torch.equal(keeping(latent, preserve_color=False), style(latent))


def test_a_change_of_the_generator_shows(generator, code, face):
    """Also one that leaves no trace but the values themselves."""
    generator = deepcopy(generator)
    style = DualStyle(generator, code)
    style(face)
    generator.extrinsic.res[0].norm.style.weight.data.neg_()
    assert torch.equal(style(face), DualStyle(deepcopy(generator), code)(face))


def test_noise(style, face):
    def draw(seed):
        return style(face, noise="random", rng=torch.Generator().manual_seed(seed))

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))


def test_blending(style, generator, code, face, relative_error):
    other = DualStyle(generator, torch.randn_like(code), DualSettings(structure=0.2))
    blend = DualStyle.blend([style, other], [3, 1])
    assert relative_error(blend.code, 0.75 * style.code + 0.25 * other.code) < 1e-5
    assert blend.settings.structure == pytest.approx(0.75 * 0.75 + 0.25 * 0.2)
    assert DualStyle.blend([style, DualStyle(generator, code)], [0.3, 0.7]).settings == style.settings
    assert relative_error(DualStyle.blend([style, other], [2, 0])(face), style(face)) < 5e-5
    assert relative_error(DualStyle.blend([style, other, style], [1, 0, 1])(face), style(face)) < 1e-4


def test_what_can_not_be_blended(style, dual_generator, code):
    for styles, weights in (([], []), ([style], [1, 1]), ([style, style], [0, 0])):
        with pytest.raises(StyleError, match=f"{len(weights)} weights were given for {len(styles)} styles"):
            DualStyle.blend(styles, weights)
    with pytest.raises(StyleError, match="different generators"):
        DualStyle.blend([style, DualStyle(dual_generator(), code)], [1, 1])


def test_codes_and_faces_that_do_not_fit(style, generator, code, faces):
    for wrong in (code[:9], code[None], code[:, :8]):
        with pytest.raises(StyleError, match=r"this generator of 64 pixels takes \[10, 16\]"):
            DualStyle(generator, wrong)
    with pytest.raises(StyleError, match="2 numbers were given for structure"):
        DualStyle(generator, code, DualSettings(structure=(1, 2)))
    with pytest.raises(LatentError, match="takes w\\+ codes"):
        style(Latent(faces[:, :9], "w+"))


SETTINGS = [
    DualSettings(),
    DualSettings(structure=(0, 0, 0, 0, 0.75, 0.75, 0.75), color=0.9, truncation=0.6, center="mean", preserve_color=True),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_saved_and_loaded(generator, code, face, tmp_path, settings):
    style = DualStyle(generator, code, settings)
    style.save(tmp_path / "style.safetensors")
    loaded = load_style(tmp_path / "style.safetensors", generator)
    assert isinstance(loaded, DualStyle)
    assert loaded.settings == settings
    assert torch.equal(loaded(face), style(face))
    assert (tmp_path / "style.safetensors").stat().st_size < 3000


def rewritten(path, tensors=None, **facts):
    """The file at `path` with something changed."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["pastiche.style"])
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(stored if tensors is None else tensors, path, {"pastiche.style": json.dumps({**header, **facts})})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tensors": {"other": torch.zeros(10, 16)}}, "is damaged: it holds"),
        ({"tensors": {"code": torch.zeros(9, 16)}}, "the style code has the shape"),
        ({"settings": {"structure": "a lot"}}, "its settings are not numbers"),
        ({"settings": {"color": [1, None, 1]}}, "its settings are not numbers"),
        ({"settings": {"truncation": True}}, "its settings are not numbers"),
        ({"settings": {"preserve_color": 1}}, "its settings are not numbers"),
        ({"settings": {"center": "chaos"}}, "towards 'chaos' is not known"),
        ({"settings": {"magic": 1}}, "settings that this version does not support"),
        ({"settings": None}, "settings that this version does not support"),
        ({"base": None}, "learned on another generator"),
    ],
)
def test_files_that_were_changed(style, generator, tmp_path, change, message):
    path = tmp_path / "style.safetensors"
    style.save(path)
    rewritten(path, **change)
    with pytest.raises(StyleError, match=message):
        load_style(path, generator)


def test_another_base_generator(style, dual_generator, small_generator, tmp_path):
    style.save(tmp_path / "style.safetensors", name="tiny cartoons")
    for other in (dual_generator(seed=3), small_generator(64)):
        with pytest.raises(StyleError, match="tiny cartoons"):
            load_style(tmp_path / "style.safetensors", other)


def test_between_two_exemplars(generator, faces, code):
    a, b = DualStyle(generator, code), DualStyle(generator, -code)
    latent = Latent(faces, "w+")
    assert torch.allclose(DualStyle.between(a, b, 0)(latent), a(latent), atol=1e-5)
    assert torch.allclose(DualStyle.between(a, b, 0.25).code, 0.5 * code)


def test_settings_between_two_styles(generator, code):
    """Amounts row by row; what is no amount is that of the nearer style."""
    rows = (0, 0, 0, 0, 0.8, 0.8, 0.8)
    a = DualStyle(generator, code, DualSettings(structure=rows, color=0.2, truncation=0.5))
    b = DualStyle(generator, code, DualSettings(structure=0.4, color=1, truncation=1, center="mean", preserve_color=True))
    quarter, most = (DualStyle.between(a, b, t).settings for t in (0.25, 0.75))
    assert quarter.structure == pytest.approx([0.1] * 4 + [0.7] * 3)
    assert (quarter.color, quarter.truncation) == pytest.approx((0.4, 0.625))
    assert (quarter.center, quarter.preserve_color) == ("zero", False)
    assert (most.center, most.preserve_color) == ("mean", True)
    assert DualStyle.between(a, b, 1).settings.truncation == 1


def test_a_film_between_settings_has_no_jump(generator, code, faces):
    a = DualStyle(generator, code, DualSettings(structure=0.1, color=0.1, truncation=0.5))
    b = DualStyle(generator, code.flip(0), DualSettings(structure=1, color=1, truncation=1))
    latent = Latent(faces, "w+")
    frames = torch.stack([style(latent) for style in interpolate(a, b, 41)])
    steps = frames.diff(dim=0).abs().mean(dim=(1, 2, 3, 4))
    assert steps[-1] < 2 * steps[-2]
    assert steps.max() < (frames[-1] - frames[0]).abs().mean() / 4


def test_on_a_person(generator, style, face):
    """The same code; see `people.composition` for the generator."""
    moved = deepcopy(generator)
    with torch.no_grad():
        moved.input.input.mul_(1.5)
    person = Tuned(face, moved, generator)
    personal = style.on(person, 0.6)
    assert torch.equal(style.on(person, 0)(face), style(face))
    assert torch.equal(personal(face), DualStyle(personal.style.generator, style.code, style.settings)(face))
    assert torch.equal(personal(face, strength=0), person.at(0.6).synthesis(face.codes))
    with pytest.raises(StyleError, match="strength is 2"):
        personal(face, strength=2)
    with pytest.raises(StyleError, match="tuned on another generator"):
        style.on(Tuned(face, generator, moved), 0.5)
