"""Landmarks: by the mean face, by our network, by face-alignment's."""

import pickle
import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pastiche import catalog
from pastiche.errors import CheckpointError, PasticheError
from pastiche.faces import (
    Box,
    BoxLandmarks,
    FaceAlignmentLandmarks,
    LandmarkNet,
    NetworkLandmarks,
    align,
    fan,
    landmarker_of,
    landmarkers,
    resolved,
)
from pastiche.faces.fan import weights_file
from pastiche.faces.landmark_net import INPUT
from pastiche.faces.landmarks import frame
from pastiche.faces.shape import MEAN_SHAPE, anchors
from pastiche.faces.warp import apply, inverse, warp


class TestBoxLandmarks:
    def test_eyes_and_mouth_are_near(self, photo, box, truth):
        left, right, mouth = anchors(BoxLandmarks()(photo, box).numpy())
        apart = np.hypot(*(truth["eye_right"] - truth["eye_left"]))
        centre = (truth["mouth_left"] + truth["mouth_right"]) / 2
        for found, wanted in ((left, truth["eye_left"]), (right, truth["eye_right"]), (mouth, centre)):
            assert np.hypot(*(found - wanted)) < 0.2 * apart

    def test_the_shape_turns_with_the_head(self, photo):
        found = BoxLandmarks()(photo, Box.around(100, 50, 10, angle=90)).numpy()
        left, right, _ = anchors(found)
        assert right[0] == pytest.approx(left[0])  # clockwise: the eye at the right goes down
        assert right[1] > left[1]
        assert np.allclose(found.mean(axis=0) - (100, 50), MEAN_SHAPE.mean(axis=0)[::-1] * (-10, 10))


class TestFrame:
    def test_the_mean_face_stands_upright_in_the_middle(self, landmarks_at):
        landmarks = landmarks_at(300, 200, 80, 35).numpy()
        inside = apply(inverse(frame(landmarks)), landmarks) / INPUT
        left, right, _ = anchors(inside)
        assert left[1] == pytest.approx(right[1])
        assert (inside[:, 0].min() + inside[:, 0].max()) / 2 == pytest.approx(0.5, abs=0.01)
        assert inside.min() > 0.15
        assert inside.max() < 0.85

    def test_every_size_shows_the_same(self, landmarks_at):
        landmarks = landmarks_at(300, 200, 80, 35).numpy()
        edges = np.array([(-0.5, -0.5), (INPUT - 0.5, INPUT - 0.5)])
        assert np.allclose(apply(frame(landmarks), edges), apply(frame(landmarks, size=2 * INPUT), edges * 2 + 0.5))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return LandmarkNet()


class TestLandmarkNet:
    def test_shapes_and_size(self, network):
        points, spread = network(torch.zeros(2, 3, INPUT, INPUT))
        assert points.shape == (2, 68, 2)
        assert spread.shape == (2, 68)
        assert 0 < points.min() < points.max() < 1
        assert 300_000 < sum(weight.numel() for weight in network.parameters()) < 500_000

    def test_a_sharp_heat_map_is_read_exactly(self, network, monkeypatch):
        logits = torch.full((1, 68, 24, 24), -1e4)
        logits[:, :, 6, 17] = 0
        monkeypatch.setattr(network, "heatmaps", lambda crop: logits)
        points, spread = network(torch.zeros(1, 3, INPUT, INPUT))
        assert torch.allclose(points, torch.tensor([17.5 / 24, 6.5 / 24]).expand(1, 68, 2))
        assert spread.max() < 1e-3

    def test_points_are_float32_wherever_networks_compute_in_less(self, network):
        crop = torch.rand(1, 3, INPUT, INPUT)
        with torch.autocast("cpu", torch.bfloat16):
            found, _ = network(crop)
        assert torch.equal(found, network(crop)[0])

    def test_every_weight_learns(self, network):
        rng = torch.Generator().manual_seed(0)
        points, spread = network(torch.rand(2, 3, INPUT, INPUT, generator=rng) * 2 - 1)
        error = (points - torch.rand(2, 68, 2, generator=rng)).square().sum(dim=-1)
        (error / spread.square() + 2 * spread.log()).mean().backward()
        for name, weight in network.named_parameters():
            assert weight.grad is not None, name
            assert torch.isfinite(weight.grad).all(), name
            assert weight.grad.abs().max() > 0, name

    def test_it_is_saved_in_half_precision(self, network, tmp_path):
        path = tmp_path / "landmarks.safetensors"
        network.save(path)
        assert path.stat().st_size < 2.2 * sum(weight.numel() for weight in network.parameters())
        loaded = LandmarkNet.load(path)
        for name, weight in network.state_dict().items():
            assert torch.equal(loaded.state_dict()[name], weight.half().float()), name
        assert not any(weight.requires_grad for weight in loaded.parameters())

    def test_another_file_is_refused(self, tmp_path):
        path = tmp_path / "other.safetensors"
        save_file({"x": torch.zeros(1)}, path)
        for wrong in (path, tmp_path / "missing.safetensors"):
            with pytest.raises(CheckpointError, match="can't be read as a landmark network"):
                LandmarkNet.load(wrong)


class Dots(torch.nn.Module):
    """In the place of a trained network: finds 68 landmarks that are marked by their colours."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.crops = []

    def forward(self, crop):
        self.crops.append(crop)
        weights = (crop[:, :1] + 1).clamp_min(0).pow(4)
        axis = (torch.arange(INPUT) + 0.5) / INPUT
        total = weights.sum()
        middle = torch.stack([(weights * axis).sum() / total, (weights * axis[:, None]).sum() / total])
        return (middle + torch.from_numpy(MEAN_SHAPE).float() / 1.6).expand(1, 68, 2), torch.zeros(1, 68)


class TestNetworkLandmarks:
    def test_the_second_look_is_centred_on_what_the_first_found(self):
        image = torch.full((1, 3, 300, 400), -1.0)
        image[..., 145:156, 215:226] = 1  # centre (220, 150); the box is off by (15, 10)
        network = Dots()
        found = NetworkLandmarks(network, iterations=2)(image, Box.around(205, 140, 100)).numpy()
        assert len(network.crops) == 2
        assert np.allclose(found.mean(axis=0) - MEAN_SHAPE.mean(axis=0) * 100, (220, 150), atol=0.7)
        assert found.dtype == np.float64

    def test_a_crop_shows_the_face_upright(self, photo, box, truth):
        to_photo = frame(BoxLandmarks()(photo, box).numpy())
        crop = warp(photo, to_photo, INPUT)
        eyes = apply(inverse(to_photo), np.stack([truth["eye_left"], truth["eye_right"]]))
        for x, y in eyes.round().astype(int):
            around = crop[0, :, y - 8 : y + 9, x - 8 : x + 9].mean(dim=0)
            assert crop[0, :, y - 2 : y + 3, x - 2 : x + 3].min() < around.mean() - 0.2  # the pupil is dark


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A stand-in for face-alignment 1.5, and an empty cache of torch hub."""
    made = []

    class FaceAlignment:
        def __init__(self, kind, **options):
            made.append((kind, options))

        def get_landmarks_from_image(self, image, detected_faces):
            assert image.dtype == np.uint8
            assert image.shape[2] == 3
            (bounds,) = detected_faces
            low, high = MEAN_SHAPE.min(axis=0), MEAN_SHAPE.max(axis=0)
            places = (MEAN_SHAPE - low) / (high - low) * (bounds[2:] - bounds[:2]) + bounds[:2]
            return [places.astype(np.float32)]

    module = types.ModuleType("face_alignment")
    module.__version__ = "1.5.0"
    module.made = made
    module.FaceAlignment = FaceAlignment
    module.LandmarksType = types.SimpleNamespace(TWO_D=1)
    module.api = types.SimpleNamespace(models_urls={"2DFAN-4": "https://example.org/2DFAN4-11f355bf06.pth.tar"})
    monkeypatch.setitem(sys.modules, "face_alignment", module)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return module


@pytest.fixture
def weights(package):
    """Something where the package looks for its weights."""
    path = weights_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    return path


class TestFaceAlignment:
    def test_without_the_package(self, monkeypatch, photo, box):
        monkeypatch.setitem(sys.modules, "face_alignment", None)
        with pytest.raises(PasticheError, match=r"pip install .*face-alignment.*small network"):
            FaceAlignmentLandmarks()(photo, box)

    def test_an_old_package(self, package, photo, box):
        package.__version__ = "1.4.1"
        with pytest.raises(PasticheError, match=r"1\.4\.1 .*1\.5 or newer"):
            FaceAlignmentLandmarks()(photo, box)

    def test_without_weights_it_says_what_fetches_them(self, package, photo, box):
        with pytest.raises(PasticheError, match=r"11f355bf06.*run `pastiche weights get face-alignment`"):
            FaceAlignmentLandmarks()(photo, box)
        assert not package.made

    def test_damaged_weights_are_named(self, package, weights, monkeypatch, photo, box):
        def damaged(*_args, **_options):
            raise pickle.UnpicklingError("invalid load key")

        monkeypatch.setattr(package, "FaceAlignment", damaged)
        with pytest.raises(PasticheError, match=r"11f355bf06.*\(invalid load key\): delete it"):
            FaceAlignmentLandmarks()(photo, box)

    def test_points_come_back_in_the_photo(self, package, weights, photo, box):
        landmarker = FaceAlignmentLandmarks()
        found = landmarker(photo, box)
        assert torch.allclose(found, BoxLandmarks()(photo, box), atol=0.01)
        landmarker(photo, box)
        ((_, options),) = package.made  # once for both
        assert options == {"device": "cpu", "flip_input": True, "face_detector": "folder", "compile": False}

    def test_the_real_package_runs_without_compiling(self, monkeypatch, tmp_path, photo, box):
        """With random weights, where it looks for its own; as ComfyUI runs it."""
        torch.manual_seed(0)
        network = fan._package().models.FAN(4)
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        weights_file().parent.mkdir(parents=True)
        torch.save(network.state_dict(), weights_file())
        with torch.inference_mode():
            found = FaceAlignmentLandmarks()(photo, box)
        assert found.shape == (68, 2)
        assert torch.isfinite(found).all()
        assert len(found.unique(dim=0)) > 10  # a network's answers, though an untrained one's

    def test_the_catalog_fetches_to_where_it_looks(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        item = catalog.entry("face-alignment")
        assert catalog.folder_of(item) / item.file == weights_file()
        assert str(item.sources[0]) == fan._package().api.models_urls["2DFAN-4"]
        assert catalog.find(item) is None
        weights_file().parent.mkdir(parents=True)
        weights_file().touch()
        assert catalog.find(item) == weights_file()

    def test_importing_it_imports_nothing_heavy(self):
        code = "import sys, pastiche.faces; print({'face_alignment', 'numba', 'cv2'} & set(sys.modules))"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


class TestNames:
    @pytest.fixture(autouse=True)
    def forgotten(self):
        """No network that another test was given."""
        landmarkers._face_alignment.cache_clear()
        yield
        landmarkers._face_alignment.cache_clear()

    def test_auto_is_small_until_the_weights_are_there(self, package, monkeypatch):
        assert resolved("auto") == "small"
        assert isinstance(landmarker_of("auto"), NetworkLandmarks)
        weights_file().parent.mkdir(parents=True)
        weights_file().touch()
        assert resolved("auto") == "face-alignment"
        assert isinstance(landmarker_of("auto"), FaceAlignmentLandmarks)
        assert isinstance(landmarker_of("small"), NetworkLandmarks)

    def test_who_asks_for_face_alignment_gets_no_other(self, package, photo):
        with pytest.raises(PasticheError, match="pastiche weights get face-alignment"):
            align(photo, 64, landmarker="face-alignment")

    def test_an_unknown_name(self, photo):
        with pytest.raises(PasticheError, match="'dlib': expected one of auto, face-alignment, small"):
            align(photo, 64, landmarker="dlib")

    def test_align_uses_what_was_named(self, package, weights, photo):
        by_name, by_default = (align(photo, 64, landmarker=name)[0] for name in ("face-alignment", "auto"))
        small = align(photo, 64, landmarker="small")[0]
        assert len(package.made) == 1
        assert torch.equal(by_name.landmarks, by_default.landmarks)
        assert not torch.allclose(by_name.landmarks, small.landmarks, atol=1)
