"""Settings of an encoder's training, and the papers' values."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from ...errors import TrainingError
from ...training.ranges import check_settings
from ...training.schedule import Schedule
from ..config import IMAGE_SIZE

__all__ = ["METHODS", "TRANSLATIONS", "EncoderTraining", "Method", "Translation", "fast", "paper"]

Method = Literal["psp", "e4e", "restyle", "restyle-e4e", "vae"]
Translation = Literal["inversion", "frontalization", "toonify", "super-resolution", "sketch", "segmentation"]
METHODS: tuple[Method, ...] = get_args(Method)
RESTYLE: tuple[Method, ...] = ("restyle", "restyle-e4e")
E4E: tuple[Method, ...] = ("e4e", "restyle-e4e")
TRANSLATIONS: tuple[Translation, ...] = get_args(Translation)

WEIGHTS = (
    "l2",
    "perceptual",
    "identity",
    "similarity",
    "crop_l2",
    "crop_perceptual",
    "norm",
    "kl",
    "codes",
    "delta",
    "adversarial",
    "r1",
)
CLASSES = 19  # of the face's regions in CelebAMask-HQ


@dataclass(frozen=True, kw_only=True)
class EncoderTraining:
    """Settings of `train_encoder`. The defaults are pSp's, for the inversion of faces (Richardson et al. 2021).

    Attributes:
        method: "psp"; "e4e"; "restyle", ReStyle as it builds on pSp; "restyle-e4e", as it builds on e4e; "vae", AgileGAN's
            hierarchical VAE.
        translation: what the encoder makes of its input. "inversion" reproduces it; "frontalization" turns the face to the
            front; "toonify" is an inversion whose generator draws cartoons; "super-resolution" gets coarse images; "sketch"
            and "segmentation" get the sources that go with the pictures.
        backbone: "irse50"; "resnet34" (ReStyle's for other things than faces); "compact": ours, a hundredth of the weights.
        width: channels of the backbone's first stage; later ones have 2, 4 and 8 times as many. "compact" has half as many, and
            5 times the width in its hidden layer.
        split: with "compact", the first row that takes the second code.
        space: of the codes: "w+"; "w", one row; "z+", mapped row by row (DualStyleGAN's encoder, and "vae").
        progressive: rows are differences from the first one, learned one after the other ("e4e", "restyle-e4e").
        add_average: codes in w and w+ are offsets from the mean w. Codes in z+ never are.
        optimizer: "ranger", or "adam" with beta2 0.999 and no weight decay.
        lr: learning rate.
        decay: share of the training, at its end, over which the learning rate falls to 0.
        flip: share of mirrored pictures.
        random_noise: the generator draws new noise for every picture; else it takes its fixed maps.
        side: images are compared at this side, or at the generator's if that is smaller.
        l2, perceptual, identity: weights of the mean square error, the perceptual distance, 1 less the cosine of identities.
        similarity: weight of 1 less the cosine of MoCo's embeddings: for things that are no faces, in place of `identity`.
        crop_l2, crop_perceptual: weights of the same two on the face alone (frontalization).
        norm: weight of the distance of codes from the mean (pSp's w-norm).
        kl: weight of the divergence from the prior, averaged over the numbers of a code ("vae"). The paper's is not known. The
            mapping normalizes z, so the best mean square of a mean is 1 whatever the weight, which sets the variance.
        kl_images: images over which that weight rises from 0.
        codes: weight of the mean square distance of the mean from the picture's own z ("vae"), for examples whose z is known.
            Ours; 0 in the paper's settings.
        delta: weight of the length of the rows' differences ("progressive").
        adversarial: weight of the discriminator of codes ("progressive"); 0 trains none.
        stage_start, stage_every: the iteration at which the second row gets a difference, and those between two rows.
        discriminator_lr: learning rate (Adam) of the discriminator of codes.
        r1, r1_every: its R1 weight gamma, and iterations between two such steps.
        pool: rows that its pool of earlier codes holds; 0 for none.
        steps: of refinement in each iteration ("restyle", "restyle-e4e").
        average: the encoder that is kept is a moving average; the papers keep none.
    """

    method: Method = "psp"
    translation: Translation = "inversion"
    backbone: Literal["irse50", "resnet34", "compact"] = "irse50"
    width: int = 64
    split: int = 7
    space: Literal["w", "w+", "z+"] = "w+"
    progressive: bool = False
    add_average: bool = True
    optimizer: Literal["ranger", "adam"] = "ranger"
    lr: float = 1e-4
    decay: float = 0.0
    flip: float = 0.5
    random_noise: bool = True
    side: int = IMAGE_SIZE
    l2: float = 1.0
    perceptual: float = 0.8
    identity: float = 0.1
    similarity: float = 0.0
    crop_l2: float = 0.0
    crop_perceptual: float = 0.0
    norm: float = 0.0
    kl: float = 0.0
    kl_images: int = 0
    codes: float = 0.0
    delta: float = 0.0
    adversarial: float = 0.0
    stage_start: int = 20_000
    stage_every: int = 2_000
    discriminator_lr: float = 2e-5
    r1: float = 10.0
    r1_every: int = 16
    pool: int = 50
    steps: int = 5
    average: bool = False

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("width", "split", "side", "stage_every", "r1_every", "steps"),
            positive=("lr", "discriminator_lr"),
            weights=(*WEIGHTS, "kl_images", "stage_start", "pool"),
            shares=("decay", "flip"),
        )
        self._check_choices()

    def _check_choices(self) -> None:
        wanted = ("z+",) if self.method == "vae" else ("w", "w+", "z+") if self.method == "psp" else ("w+",)
        _expect(self.space in wanted, f"space is {self.space}, and {self.method} gives codes in {' or '.join(wanted)}")
        _expect(self.method == "vae" or not self.codes, f"codes belongs to vae, and the method is {self.method}")
        compact = self.backbone == "compact"
        _expect(not compact or self.width % 16 == 0, f"width is {self.width}: the compact backbone takes multiples of 16")
        _expect(
            not compact or self.space == ("z+" if self.method == "vae" else "w+"),
            f"the compact backbone gives no {self.method} codes in {self.space}: choose irse50",
        )
        _expect(
            self.method in E4E or not (self.progressive or self.delta or self.adversarial),
            f"progressive, delta and adversarial belong to {' and '.join(E4E)}, and the method is {self.method}",
        )
        _expect(
            self.in_channels in (3, 6) or not compact,
            f"the compact backbone takes pictures, and {self.translation} gives it something else: choose irse50",
        )
        _expect(
            not self.refining or self.translation in ("inversion", "toonify", "super-resolution"),
            f"ReStyle compares its attempt with a face, and {self.translation} gives it something else: choose another method",
        )

    @property
    def refining(self) -> bool:
        """Whether the encoder corrects an attempt that it sees beside the picture: ReStyle."""
        return self.method in RESTYLE

    @property
    def in_channels(self) -> int:
        """Of the encoder's input: 3, 6 for ReStyle's two pictures, 1 for a sketch, 19 for a map of the face's regions."""
        if self.refining:
            return 6
        return {"sketch": 1, "segmentation": CLASSES}.get(self.translation, 3)

    @property
    def architecture(self) -> str:
        """What a checkpoint with the encoder is called."""
        return {"restyle": "restyle-psp", "vae": "hvae"}.get(self.method, self.method)

    def kl_share(self, seen: int) -> float:
        """Share of the KL weight after so many images."""
        return min(1.0, seen / self.kl_images) if self.kl_images else 1.0


def _expect(holds: bool, problem: str) -> None:
    if not holds:
        raise TrainingError(problem)


PROGRESSIVE = {"progressive": True, "delta": 2e-4, "adversarial": 0.1}
PAPER: dict[Method, dict[str, Any]] = {
    "psp": {},
    "e4e": PROGRESSIVE,
    "restyle": {},
    "restyle-e4e": PROGRESSIVE,
    # The weights of AgileGAN's paper are not public. These are pSp's, as in open-mmlab/MMGEN-FaceStylor; KL is our choice.
    "vae": {"space": "z+", "add_average": False, "optimizer": "adam", "kl": 5e-4, "kl_images": 80_000},
}
TRANSLATED: dict[Translation, dict[str, Any]] = {
    "inversion": {},
    "frontalization": {
        "l2": 0.001,
        "perceptual": 0.08,
        "identity": 1.0,
        "norm": 0.005,
        "crop_l2": 0.01,
        "crop_perceptual": 0.8,
    },
    "toonify": {"identity": 1.0, "norm": 0.025},
    "super-resolution": {"norm": 0.005},
    "sketch": {"identity": 0.0, "norm": 0.005},
    "segmentation": {"identity": 0.0, "norm": 0.005},
}
# Images of the papers' trainings; the 500,000 iterations of pSp and ReStyle are their most, e4e's are those of its command
# for cars.
PAPER_BATCH = 8
PAPER_IMAGES: dict[Method, int] = {
    "psp": 4_000_000,
    "e4e": 1_600_000,
    "restyle": 4_000_000,
    "restyle-e4e": 4_000_000,
    "vae": 1_200_000,
}
TOONIFIED = 48_000
# Ours: the compact encoder on a CPU or a small GPU.
FAST: dict[str, Any] = {"backbone": "compact", "optimizer": "adam", "lr": 5e-4, "decay": 0.5, "side": 128, "average": True}
FAST_OF: dict[Method, dict[str, Any]] = {
    "psp": {},
    "e4e": {"stage_start": 600, "stage_every": 60, "discriminator_lr": 1e-4},
    "restyle": {"steps": 3},
    "restyle-e4e": {"steps": 3, "stage_start": 300, "stage_every": 30, "discriminator_lr": 1e-4},
    "vae": {"kl_images": 15_000},
}
FAST_IMAGES: dict[Method, int] = {"psp": 60_000, "e4e": 60_000, "restyle": 30_000, "restyle-e4e": 30_000, "vae": 60_000}
WITHOUT_COMPACT: dict[str, Any] = {"backbone": "irse50", "width": 16}  # sketches and label maps have other channels


def paper(method: Method, translation: Translation = "inversion") -> tuple[EncoderTraining, Schedule]:
    """The published settings of a method.

    Raises:
        TrainingError: method and translation do not fit together.
    """
    changes = {**PAPER.get(method, {}), **TRANSLATED.get(translation, {})}
    settings = EncoderTraining(method=method, translation=translation, **changes)
    images = TOONIFIED if translation == "toonify" else PAPER_IMAGES[method]
    return settings, Schedule(images=images, batch=PAPER_BATCH)


def fast(method: Method, translation: Translation = "inversion") -> tuple[EncoderTraining, Schedule]:
    """The settings of a method for a small machine.

    Raises:
        TrainingError: as `paper`.
    """
    settings, _ = paper(method, translation)
    changes = {**FAST, **FAST_OF[method], **(WITHOUT_COMPACT if settings.in_channels not in (3, 6) else {})}
    return replace(settings, **changes), Schedule(images=FAST_IMAGES[method], batch=16, average_images=2_000)
