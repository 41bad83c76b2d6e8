"""Faces, styles and both, interpolated."""

import gc
import weakref

import pytest
import torch

import pastiche
from pastiche.editing import StyleBlend, along, interpolate_many, positions
from pastiche.editing.latents import slerp
from pastiche.errors import LatentError, PasticheError, StyleError
from pastiche.jojogan import JoJoStyle
from pastiche.latents import Latent
from pastiche.style_protocol import Style, load_style


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestLatents:
    @pytest.mark.parametrize(("space", "shape"), [("w", (2, 16)), ("w+", (2, 8, 16))])
    def test_straight_in_w(self, space, shape):
        a, b = gaussian(*shape), gaussian(*shape, seed=1)
        found = pastiche.interpolate(Latent(a, space), Latent(b, space), 5)
        assert found.space == space
        wanted = torch.stack([a, 0.75 * a + 0.25 * b, (a + b) / 2, 0.25 * a + 0.75 * b, b])
        assert torch.allclose(found.codes.view(5, *shape), wanted, atol=1e-6)

    @pytest.mark.parametrize(("space", "shape"), [("z", (2, 16)), ("z+", (2, 8, 16))])
    def test_round_the_sphere_in_z(self, space, shape):
        a, b = gaussian(*shape), gaussian(*shape, seed=1)
        frames = pastiche.interpolate(Latent(a, space), Latent(b, space), 5).codes.view(5, *shape)
        assert torch.equal(frames[0], a)
        assert torch.equal(frames[-1], b)
        length = frames.norm(dim=-1)
        assert torch.allclose(length[2], (length[0] + length[4]) / 2, atol=1e-5)
        unit = frames / length[..., None]
        angles = (unit[1:] * unit[:-1]).sum(dim=-1).acos()
        assert torch.allclose(angles, angles[:1].expand_as(angles), atol=1e-4)  # as far from each frame to the next
        whole = (unit[0] * unit[-1]).sum(dim=-1).acos()
        assert torch.allclose(angles.sum(dim=0), whole, atol=1e-3)  # the short way

    def test_equal_directions_do_not_divide_by_zero(self):
        a = gaussian(3, 16)
        assert torch.allclose(slerp(a, 2 * a, 0.5), 1.5 * a, atol=1e-5)

    def test_frames_come_one_after_the_other(self):
        a, b = Latent(torch.zeros(3, 4), "w"), Latent(torch.ones(3, 4), "w")
        assert pastiche.interpolate(a, b, 3).codes[:, 0].tolist() == [0] * 3 + [0.5] * 3 + [1] * 3

    def test_one_face_to_many(self):
        a, b = Latent(gaussian(1, 4), "w"), Latent(gaussian(3, 4, seed=1), "w")
        frames = pastiche.interpolate(a, b, 2).codes.view(2, 3, 4)
        assert torch.equal(frames[0], a.codes.expand(3, 4))
        assert torch.equal(frames[1], b.codes)

    def test_a_loop_through_three(self):
        keys = [Latent(gaussian(1, 4, seed=seed), "w") for seed in range(3)]
        frames = interpolate_many(keys, 6, loop=True).codes
        assert torch.equal(frames[::2], torch.cat([key.codes for key in keys]))
        assert torch.allclose(frames[5], (keys[2].codes[0] + keys[0].codes[0]) / 2)

    def test_precision_stays(self):
        a = Latent(gaussian(1, 4).half(), "w")
        assert pastiche.interpolate(a, a, 2).codes.dtype == torch.float16

    @pytest.mark.parametrize(
        ("b", "message"),
        [
            (Latent(torch.zeros(1, 16), "z"), "one latent is in w and another in z"),
            (Latent(torch.zeros(1, 8, 16), "w+"), r"w and another in w\+.*to_w_plus"),
            (Latent(torch.zeros(1, 8), "w"), r"\[16\] and \[8\].*different sizes"),
            (Latent(torch.zeros(3, 16), "w"), "2 and 3 codes can't be paired"),
        ],
    )
    def test_what_does_not_fit(self, b, message):
        with pytest.raises(LatentError, match=message):
            pastiche.interpolate(Latent(torch.zeros(2, 16), "w"), b)

    def test_opposite_directions_have_no_way(self):
        a = gaussian(1, 16)
        with pytest.raises(LatentError, match="opposite directions"):
            pastiche.interpolate(Latent(a, "z"), Latent(-a, "z"))

    def test_nothing_at_all(self):
        with pytest.raises(LatentError, match="two latents or more"):
            along([], [0.0])
        with pytest.raises(PasticheError, match="1 keyframe"):
            interpolate_many([Latent(torch.zeros(1, 4), "w")])
        with pytest.raises(PasticheError, match="can't interpolate between Latent, int"):
            interpolate_many([Latent(torch.zeros(1, 4), "w"), 7])


class TestStyles:
    def test_the_ends_are_the_styles_themselves(self, styles):
        blend = StyleBlend(styles)
        assert [blend.at(t) for t in (0, 1, 2)] == styles

    def test_half_way_the_parameters_are_the_mean(self, styles, faces):
        middle = StyleBlend(styles[:2]).at(0.5)
        for name, value in middle.tuned.named_parameters():
            a, b = (style.tuned.get_parameter(name) for style in styles[:2])
            assert torch.allclose(value, (a + b) / 2, atol=1e-6), name
        pictures = [style(faces[:2]) for style in (styles[0], middle, styles[1])]
        distance = [(pictures[k] - pictures[k + 1]).abs().mean() for k in (0, 1)]
        whole = (pictures[0] - pictures[2]).abs().mean()
        assert all(0 < each < whole for each in distance)

    def test_the_styles_given_are_left_alone(self, styled, faces):
        a, b = styled(0), styled(1)
        before = a(faces[:1]), b(faces[:1])
        StyleBlend([a, b])(faces[:1], t=0.3)
        assert torch.equal(a(faces[:1]), before[0])
        assert torch.equal(b(faces[:1]), before[1])

    def test_strength_0_is_the_face(self, styles, generator, faces):
        assert torch.allclose(StyleBlend(styles[:2])(faces[:1], t=0.5, strength=0), generator(faces[:1]), atol=1e-6)

    def test_a_style_in_between_is_saved_as_any_other(self, styles, generator, faces, tmp_path):
        middle = StyleBlend(styles[:2]).at(0.4)
        middle.save(tmp_path / "middle.safetensors")
        assert torch.allclose(load_style(tmp_path / "middle.safetensors", generator)(faces[:1]), middle(faces[:1]), atol=1e-5)
        assert middle.settings == styles[0].settings

    def test_in_inference_mode(self, styles, faces):
        with torch.inference_mode():
            found = StyleBlend(styles[:2])(faces[:1], t=0.5)
        assert torch.equal(found, StyleBlend(styles[:2])(faces[:1], t=0.5))

    def test_one_style_at_a_time_is_held(self, styles):
        made = []
        for style in pastiche.interpolate(styles[0], styles[1], 6):
            assert isinstance(style, Style)
            made.append(weakref.ref(style.tuned))
            del style
            gc.collect()
            assert sum(held() is not None and held() not in [s.tuned for s in styles] for held in made) <= 1
        assert len(made) == 6

    def test_of_several_methods(self, styles):
        class Other(JoJoStyle):
            pass

        with pytest.raises(StyleError, match="between a JoJoStyle and a Other"):
            StyleBlend([styles[0], Other(styles[0].base, styles[0].tuned, styles[0].settings)])

    def test_of_several_generators(self, styled, small_generator):
        with pytest.raises(StyleError, match="different generators"):
            StyleBlend([styled(0), styled(1, small_generator(32, seed=5))]).at(0.5)

    def test_of_a_method_that_mixes_nothing(self):
        class Plain:
            def __call__(self, latent, *, strength=1.0):
                return latent.codes

            def save(self, path):
                pass

        with pytest.raises(StyleError, match="a Plain can't be interpolated"):
            pastiche.interpolate(Plain(), Plain())

    def test_one_alone(self, styles):
        with pytest.raises(StyleError, match="1 style was given"):
            StyleBlend(styles[:1])


def test_both_at_once(styles, faces):
    pairs = pastiche.interpolate((faces[:2], styles[0]), (faces[2:4], styles[1]), 5, easing="ease")
    found = torch.cat([style(latent) for latent, style in pairs])
    times = positions(2, 5, easing="ease")
    codes = along([faces[:2], faces[2:4]], times)
    blend = StyleBlend(styles[:2])
    wanted = torch.cat([blend(codes[2 * k : 2 * k + 2], t=place) for k, place in enumerate(times)])
    assert torch.equal(found, wanted)
    assert torch.equal(found[:2], styles[0](faces[:2]))
    assert torch.equal(found[-2:], styles[1](faces[2:4]))
