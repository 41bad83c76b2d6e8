"""The papers' numbers, and settings that do not fit together."""

import pytest

from pastiche.encoders.training import METHODS, TRANSLATIONS, EncoderTraining, fast, paper
from pastiche.errors import TrainingError

# L2, perceptual, identity, norm, of the inversion of faces and of pSp's translations
PUBLISHED = {
    ("psp", "inversion"): (1, 0.8, 0.1, 0),
    ("psp", "frontalization"): (0.001, 0.08, 1, 0.005),
    ("psp", "sketch"): (1, 0.8, 0, 0.005),
    ("psp", "segmentation"): (1, 0.8, 0, 0.005),
    ("psp", "super-resolution"): (1, 0.8, 0.1, 0.005),
    ("psp", "toonify"): (1, 0.8, 1, 0.025),
    ("e4e", "inversion"): (1, 0.8, 0.1, 0),
    ("restyle", "inversion"): (1, 0.8, 0.1, 0),
    ("restyle-e4e", "inversion"): (1, 0.8, 0.1, 0),
    ("vae", "inversion"): (1, 0.8, 0.1, 0),
}


@pytest.mark.parametrize(("case", "weights"), PUBLISHED.items(), ids=lambda case: "-".join(map(str, case)))
def test_published_weights(case, weights):
    settings, schedule = paper(*case)
    assert (settings.l2, settings.perceptual, settings.identity, settings.norm) == weights
    assert (settings.backbone, settings.width, settings.side, settings.lr) == ("irse50", 64, 256, 1e-4)
    assert settings.optimizer == ("adam" if case[0] == "vae" else "ranger")
    assert schedule.batch == 8
    assert not settings.average


def test_published_lengths():
    assert {method: paper(method)[1].images // 8 for method in METHODS} == {
        "psp": 500_000,
        "e4e": 200_000,
        "restyle": 500_000,
        "restyle-e4e": 500_000,
        "vae": 150_000,
    }
    assert paper("psp", "toonify")[1].images // 8 == 6_000


@pytest.mark.parametrize("method", ["e4e", "restyle-e4e"])
def test_e4e_as_published(method):
    settings, _ = paper(method)
    assert (settings.delta, settings.adversarial, settings.r1, settings.r1_every) == (2e-4, 0.1, 10, 16)
    assert (settings.stage_start, settings.stage_every) == (20_000, 2_000)
    assert (settings.pool, settings.discriminator_lr, settings.progressive) == (50, 2e-5, True)
    assert settings.architecture == method


def test_restyle_as_published():
    settings, _ = paper("restyle")
    assert (settings.delta, settings.adversarial, settings.progressive, settings.steps) == (0, 0, False, 5)
    assert settings.architecture == "restyle-psp"
    assert paper("restyle-e4e")[0].steps == 5


@pytest.mark.parametrize("method", ["e4e", "restyle-e4e"])
def test_the_fast_preset_learns_every_row(method):
    """Also for 18 rows, in the first half of the training."""
    settings, schedule = fast(method)
    assert (settings.progressive, settings.delta, settings.adversarial) == (True, 2e-4, 0.1)
    assert settings.stage_start + 17 * settings.stage_every < schedule.images // schedule.batch / 2


def test_the_vae_is_in_z_plus_and_adds_no_mean():
    settings, _ = paper("vae")
    assert (settings.space, settings.add_average, settings.architecture) == ("z+", False, "hvae")
    assert settings.kl > 0


CASES = [(method, translation) for method in METHODS for translation in TRANSLATIONS]
RESTYLE = ("restyle", "restyle-e4e")
FACELESS = [(method, translation) for method in RESTYLE for translation in ("frontalization", "sketch", "segmentation")]


@pytest.mark.parametrize(("method", "translation"), [case for case in CASES if case not in FACELESS])
def test_every_fast_preset_is_for_what_it_says(method, translation):
    settings, _ = fast(method, translation)
    assert settings.in_channels == {"sketch": 1, "segmentation": 19}.get(translation, 6 if method in RESTYLE else 3)
    assert settings.average


@pytest.mark.parametrize(("method", "translation"), FACELESS)
def test_restyle_needs_a_face_to_compare_with(method, translation):
    with pytest.raises(TrainingError, match="ReStyle compares its attempt with a face"):
        fast(method, translation)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "stylegan"}, "choose one of psp, e4e"),
        ({"translation": "sing"}, "choose one of inversion"),
        ({"lr": 0}, "lr is 0: it must be above 0"),
        ({"norm": -1}, "norm is -1"),
        ({"flip": 2}, "a share from 0 to 1"),
        ({"method": "vae"}, r"space is w\+, and vae gives codes in z\+"),
        ({"backbone": "compact", "space": "w"}, "the compact backbone gives no psp codes in w"),
        ({"backbone": "compact", "width": 20}, "multiples of 16"),
        ({"backbone": "compact", "translation": "sketch"}, "choose irse50"),
        ({"adversarial": 0.1}, "belong to e4e and restyle-e4e, and the method is psp"),
        ({"method": "restyle", "progressive": True}, "belong to e4e and restyle-e4e, and the method is restyle"),
        ({"method": "restyle-e4e", "space": "w"}, r"restyle-e4e gives codes in w\+"),
        ({"codes": 0.1}, "codes belongs to vae, and the method is psp"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(TrainingError, match=message):
        EncoderTraining(**changes)
