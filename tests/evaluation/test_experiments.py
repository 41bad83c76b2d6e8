"""The papers' experiments on random networks of a few channels: what they measure, and that it depends on what they say."""

import dataclasses
from itertools import pairwise

import pytest
import torch

from pastiche.agilegan.paths import with_paths
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.agilegan.training.snapshots import Snapshots
from pastiche.blendgan import BlendConfig, BlendGenerator, StyleEncoder, StyleEncoderConfig
from pastiche.checkpoints import Checkpoint
from pastiche.dualstylegan import DualStyleConfig, DualStyleGenerator, Exemplars, ExemplarTable
from pastiche.encoders.compact_methods import CompactVariationalEncoder
from pastiche.errors import CheckpointError, TrainingError
from pastiche.evaluation import open_pictures
from pastiche.evaluation.agilegan import early_stopping, inversion_consistency, short_transfer
from pastiche.evaluation.blendgan import indicator_table
from pastiche.evaluation.dualstylegan import amounts_apart
from pastiche.evaluation.few import few_pictures, short_recipe
from pastiche.evaluation.jojogan import mixing
from pastiche.jojogan import OneShot
from pastiche.stylegan2 import published_channels
from pastiche.training.data import PictureDataset
from pastiche.training.sources import FolderSource

SIDE = 32


def sizes(side=SIDE):
    channels = published_channels(side, base=48, most=12)
    return {"resolution": side, "channels": channels, "z_dim": 16, "w_dim": 16, "mapping_layers": 2}


@pytest.fixture(scope="module")
def pictures(folder):
    return open_pictures(folder, SIDE)


@pytest.fixture(scope="module")
def exemplars(folder):
    return PictureDataset(FolderSource(folder), SIDE)


@pytest.fixture(scope="module")
def blendgan():
    torch.manual_seed(0)
    generator = BlendGenerator(BlendConfig(**sizes(), code_dim=10, code_layers=2)).eval().requires_grad_(False)
    generator.add_weight.fill_(0.1)
    encoder = StyleEncoder(StyleEncoderConfig(widths=(4, 4, 8, 8, 8), code_dim=10)).eval().requires_grad_(False)
    return Checkpoint(architecture="blendgan", generator=generator, style_encoder=encoder, source="blend")


@pytest.fixture(scope="module")
def dualstylegan():
    torch.manual_seed(0)
    generator = DualStyleGenerator(DualStyleConfig(**sizes(64))).eval().requires_grad_(False)
    for name, value in generator.named_parameters():
        if name.startswith("extrinsic.res") and name.endswith("0.weight"):
            value.mul_(100)
    table = ExemplarTable.of(Exemplars(["a", "b", "c"], torch.randn(3, generator.num_layers, 16)))
    return Checkpoint(architecture="dualstylegan", generator=generator, exemplars=table, source="dual")


@pytest.fixture(scope="module")
def agilegan(base):
    torch.manual_seed(1)
    generator = with_paths(base.stylegan2, ["women", "men"])
    for value in generator.convs.parameters():
        value.add_(0.3 * torch.randn_like(value))
    encoder = CompactVariationalEncoder(base.encoder.config).eval()
    torch.nn.init.normal_(encoder.codes.weight, std=0.1)
    return Checkpoint(architecture="agilegan", generator=generator, encoder=encoder.requires_grad_(False), source="agile")


def test_the_indicator(blendgan, pictures, evaluators):
    """At the last one no style is left: all styles of a face are the same picture."""
    steps = []
    result = indicator_table(blendgan, pictures, evaluators, faces=3, styles=3, reference=16, progress=steps.append)
    table, steps_table = result.tables
    assert [row[0] for row in table.rows] == ["0", "2", "4", "6", "8"]
    for kind in ("latent", "reference"):
        diversity = table.column(f"{kind} perceptual distance")
        assert diversity[-1] == pytest.approx(0, abs=1e-6)
        assert diversity[0] > 1e-4
    assert table.column("latent Frechet distance")[-1] == pytest.approx(
        table.column("reference Frechet distance")[-1], rel=1e-4
    )
    assert table.column("latent Frechet distance")[0] != table.column("latent Frechet distance")[-1]
    assert len(result.findings) == 4
    diversity = table.column("latent perceptual distance")
    assert [row[0] for row in steps_table.rows] == ["0 to 2", "2 to 4", "4 to 6", "6 to 8"]
    assert steps_table.column("latent") == pytest.approx([b - a for a, b in pairwise(diversity)], abs=1e-6)
    assert max(table.errors("latent perceptual distance")[:-1]) > 0
    clear = sum(row[1].clear for row in steps_table.rows)
    assert f"resamplings of the faces; {clear} of 4 steps are more than twice" in result.findings[1].measured
    assert "share of each row, as it was learned: 0.90, 0.90" in result.setup
    assert steps[-1].index == steps[-1].total == 5
    assert evaluators.features.name in result.setup
    again = indicator_table(blendgan, pictures, evaluators, faces=3, styles=3, reference=16)
    assert again.tables == result.tables, "the same seed measures the same"


def test_chosen_indicators_and_another_architecture(blendgan, base, pictures, evaluators):
    result = indicator_table(blendgan, pictures, evaluators, faces=2, styles=2, reference=8, indicators=[0, 8])
    assert len(result.tables[0].rows) == 2
    with pytest.raises(CheckpointError, match="small is a stylegan2 checkpoint: expected a BlendGAN with its style encoder"):
        indicator_table(base, pictures, evaluators)


def test_structure_and_colour_apart(dualstylegan, base, evaluators, landmarker):
    result = amounts_apart(dualstylegan, evaluators, landmarker, faces=2, exemplars=2)
    rows = {row[0]: row[1:] for row in result.tables[0].rows}
    assert rows["structure 0.25"][1] < rows["structure 1.0"][1]
    assert 0 < rows["colour 0.25"][1] < rows["colour 1.0"][1]
    groups = [name for name in rows if "row" in name]
    assert groups == [
        *("structure row 0 (4 px)", "structure rows 1 to 2 (8 px)", "structure rows 3 to 4 (16 px)"),
        *("structure rows 5 to 6 (32 px)", "colour rows 7 to 9 (64 px)"),
    ]
    assert rows["colour rows 7 to 9 (64 px)"] == pytest.approx(rows["colour 1.0"]), "these are all colour rows"
    assert len(result.findings) == 2
    with pytest.raises(CheckpointError, match="expected a DualStyleGAN with its exemplars"):
        amounts_apart(base, evaluators, landmarker)


def test_where_to_stop(base, exemplars, pictures, evaluators, landmarker, tmp_path):
    """A short transfer, and its curve: iteration 0 is the source."""
    snapshots = short_transfer(base, exemplars, 4, folder=tmp_path / "transfer")
    assert snapshots.iterations == [1, 2, 3, 4]
    result = early_stopping(snapshots, pictures, evaluators, landmarker, faces=4, reference=16)
    (table,) = result.tables
    assert [row[0] for row in table.rows] == ["0", "1", "2", "3", "4"]
    identity = table.column("identity")
    assert identity[0] == pytest.approx(1, abs=1e-4)
    assert identity[4] < identity[0]
    assert table.column("found again")[0] == 1
    with pytest.raises(TrainingError, match="holds no snapshots"):
        early_stopping(Snapshots(tmp_path / "empty", base), pictures, evaluators, landmarker)


def test_codes_in_z_plus_and_w_plus(base, agilegan, pictures, evaluators):
    result = inversion_consistency(base, agilegan, pictures, pictures, evaluators, count=4, reference=16, steps=3)
    rows = {row[0]: row[1:] for row in result.tables[0].rows}
    assert list(rows) == ["z+, hierarchical VAE", "w+, encoder", "w+, optimized"]
    assert float(rows["w+, optimized"][0]) > float(rows["w+, encoder"][0]), "optimization reconstructs better"
    assert rows["w+, encoder"][0].error > 0
    assert rows["w+, encoder"][2] is None, "too small for MS-SSIM"
    assert len(result.findings) == 4
    without = inversion_consistency(base, agilegan, pictures, pictures, evaluators, count=4, reference=16, steps=0)
    assert [row[0] for row in without.tables[0].rows] == list(rows)[:2]


def test_networks_that_inversion_lacks(base, agilegan, pictures, evaluators):
    for stylized, message in (
        (base, "expected an AgileGAN"),
        (dataclasses.replace(agilegan, encoder=None), "no hierarchical variational encoder"),
    ):
        with pytest.raises(CheckpointError, match=message):
            inversion_consistency(base, stylized, pictures, pictures, evaluators)
    with pytest.raises(CheckpointError, match=r"no encoder to w\+"):
        inversion_consistency(dataclasses.replace(base, encoder=None), agilegan, pictures, pictures, evaluators)


def test_mixing(base, pictures, evaluators, landmarker):
    reference = pictures.batch(torch.tensor([0]))
    result = mixing(base, {"one": reference}, evaluators, landmarker, OneShot(steps=2, blocks=(1,)), faces=3)
    (table,) = result.tables
    assert len(table.rows) == 6
    assert table.rows[0][0] == "none"
    assert table.rows[-1][0] == "every row"
    assert len({row[3] for row in table.rows}) > 1, "it matters how much is mixed"
    assert len(result.sheets) == 1


@pytest.mark.slow
def test_sixteen_pictures(base, exemplars, evaluators, landmarker, tmp_path):
    result = few_pictures(base, exemplars, evaluators, landmarker, short_recipe(8), folder=tmp_path, faces=4)
    (table,) = result.tables
    assert [row[0] for row in table.rows] == ["0.02", "0.08"]
    assert table.rows[0][1:] != table.rows[1][1:]
    assert table.rows[0][1].error > 0
    assert result.findings[1].measured.endswith(" farther")


def test_fewer_than_sixteen_pictures(base, exemplars, evaluators, landmarker, tmp_path):
    with pytest.raises(TrainingError, match="holds 5 pictures, and 16 are needed"):
        few_pictures(base, exemplars.subset(range(5)), evaluators, landmarker, short_recipe(8), folder=tmp_path)


def test_the_short_recipe_keeps_the_papers_weights():
    recipe = short_recipe(200)
    assert recipe.transfer.identity == 4
    assert recipe.transfer.mirror
    assert recipe.transfer.iterations == 200
    assert AgileTransfer.FAST.batch == recipe.transfer.batch
