"""Directions: found, learned, read from files, saved, and refused where they do not belong."""

import pickle

import numpy as np
import pytest
import torch

from pastiche.directions import Direction, Directions
from pastiche.editing import channels, edit, find_sefa, import_directions, ladder, learn_directions, retarget
from pastiche.editing.channels import STYLESPACE
from pastiche.editing.learned import fit_boundaries
from pastiche.editing.published import GANSPACE
from pastiche.editing.retarget import follow
from pastiche.errors import CheckpointError, LatentError, UnsafeCheckpointError
from pastiche.latents import Latent
from pastiche.stylegan2.fingerprint import fingerprint


@pytest.fixture(scope="module")
def found(generator):
    return find_sefa(generator, 3)


def make(generator, space, **more):
    shape = {"w": (16,), "w+": (8, 16), "s": (sum(generator.style_widths),)}[space]
    vector = torch.randn(shape, generator=torch.Generator().manual_seed(4))
    return Direction(name=space, space=space, vector=vector, generator=fingerprint(generator), **more)


def test_an_edit_moves_the_chosen_rows_by_the_amount_of_each_face(generator, faces):
    latent, direction = faces[:2], make(generator, "w").on_rows([1, 3])
    moved = edit(latent, generator, [(direction, torch.tensor([0.5, -2.0]))])
    change = moved.codes - latent.codes
    assert torch.allclose(change[:, [1, 3]], torch.tensor([0.5, -2.0])[:, None, None] * direction.vector, atol=1e-5)
    assert not change[:, [0, 2, 4, 5, 6, 7]].any()
    each = make(generator, "w+", rows=(7,))
    assert torch.allclose(edit(latent, generator, [(each, 3)]).codes[:, 7] - latent.codes[:, 7], 3 * each.vector[7], atol=1e-5)


def test_an_edit_in_s_space_reaches_the_picture_and_the_style(generator, faces, styles):
    latent = faces[:2]
    moved = edit(latent, generator, [(make(generator, "s"), 0.3)])
    assert torch.equal(moved.codes, latent.codes)
    wanted = generator.render(
        [
            style + part
            for style, part in zip(
                generator.styles(latent.codes), moved.offset.split(generator.style_widths, dim=1), strict=True
            )
        ],
        generator.noise_maps("fixed"),
    )
    assert torch.allclose(generator(moved), wanted, atol=1e-5)
    for strength in (0, 0.5, 1):
        assert not torch.allclose(styles[0](moved, strength=strength), styles[0](latent, strength=strength), atol=1e-3)
    assert torch.allclose(styles[0](moved, strength=0), wanted, atol=1e-5)
    with pytest.raises(LatentError, match=r"a StyleGAN3 can't draw.*directions in w"):
        moved.without_offset("a StyleGAN3")


def test_a_ladder_holds_every_amount_of_every_face(generator, faces):
    direction, other = make(generator, "w"), make(generator, "s")
    steps = ladder(faces[:2], generator, direction, [-1, 0, 1], [(other, 0.5)])
    assert len(steps) == 6
    assert torch.allclose(steps.codes[4], faces.codes[1])
    assert torch.allclose(steps.codes[5] - steps.codes[3], 2 * direction.vector.expand(8, 16), atol=1e-5)
    assert torch.allclose(steps.offset, 0.5 * other.vector.expand(6, -1))


def test_films_keep_edits_in_s_space(generator, faces, styles):
    from pastiche.editing import along, render_film

    edited = edit(faces[:2], generator, [(make(generator, "s"), 0.4)])
    film = along([faces[:2], edited], [0.0, 0.5, 1.0])
    assert torch.allclose(film.offset[2:4], 0.5 * edited.offset)
    assert torch.equal(film.offset[4:], edited.offset)
    still = list(render_film(edited[0], styles[0], strength=[0.0, 1.0]))
    assert torch.allclose(still[0], generator(edited[0]), atol=1e-5)


def test_directions_of_another_generator_are_refused(generator, small_generator, faces, found):
    other = small_generator(32, seed=9)
    with pytest.raises(LatentError, match=r"sefa_0 belongs to another generator \(fingerprint .*find directions for it"):
        edit(faces, other, [(found["sefa_0"], 1)])
    with pytest.raises(LatentError, match="moves row 8: this generator has the rows 0 to 7"):
        edit(faces, generator, [(found["sefa_0"].on_rows([8]), 1)])


@pytest.mark.parametrize(("amount", "problem"), [(float("nan"), "not finite"), (torch.ones(5), r"\[5\] amounts for 12 faces")])
def test_amounts_are_checked(generator, faces, found, amount, problem):
    with pytest.raises(LatentError, match=problem):
        edit(faces, generator, [(found["sefa_0"], amount)])


def test_sefa_finds_what_the_weights_react_to_most(generator):
    found = find_sefa(generator, 4, rows=[2, 3])
    layers = [layer for layer, row in zip(generator.layers, generator.rows, strict=True) if row in (2, 3)]
    weights = [layer.conv.modulation.weight for layer in layers if layer.conv.weight.shape[1] != 3]
    assert len(weights) == 2
    stacked = torch.cat([torch.nn.functional.normalize(weight, dim=1) for weight in weights])
    units = [direction.vector / direction.vector.norm() for direction in found.values()]
    gains = [float((stacked @ unit).norm()) for unit in units]
    assert gains == sorted(gains, reverse=True)
    anything = torch.randn(200, 16, generator=torch.Generator().manual_seed(0))
    assert gains[0] >= float((stacked @ (anything / anything.norm(dim=1, keepdim=True)).T).norm(dim=0).max())
    assert found["sefa_0"].rows == (2, 3)
    w = generator.mapping(generator.sample_z(4096, torch.Generator().manual_seed(5)))
    assert float((w @ units[0]).std()) == pytest.approx(float(found["sefa_0"].vector.norm()), rel=0.1)
    with pytest.raises(LatentError, match="rows 0 to 7"):
        find_sefa(generator, rows=[8])


def test_the_last_row_of_sefa_is_the_last_layer_to_rgb(generator):
    (only,) = find_sefa(generator, 1, rows=[7]).values()
    weight = torch.nn.functional.normalize(generator.layers[-1].conv.modulation.weight, dim=1)
    leading = torch.linalg.svd(weight).Vh[0]
    assert abs(float(leading @ only.vector)) == pytest.approx(float(only.vector.norm()), rel=1e-4)


def test_directions_are_learned_from_labels_and_hold_the_others(generator):
    w = generator.mapping(generator.sample_z(1500, torch.Generator().manual_seed(1)))
    spread = torch.linalg.eigh(torch.cov(w.T)).eigenvectors
    true, related = spread[:, -1] + 0.3 * spread[:, -2], spread[:, -1] - 0.5 * spread[:, -2]
    labels = {"smile": (w - w.mean(dim=0)) @ true, "age": ((w - w.mean(dim=0)) @ related) > 0}
    found = learn_directions(generator, w, labels)
    free = learn_directions(generator, w, labels, hold={"smile": [], "age": []})
    for directions, least, most in ((found, 0.0, 0.1), (free, 0.2, 9.0)):
        moved = directions["smile"].vector
        own = float(moved @ true) / float(labels["smile"].std())
        other = float(moved @ related) / float(((w - w.mean(dim=0)) @ related).std())
        assert own > 0.5
        assert least <= abs(other) / own < most
    assert min(fit_boundaries(w, labels).accuracy) > 0.95


def test_labels_are_checked(generator):
    w = torch.randn(100, 16, generator=torch.Generator().manual_seed(1))
    with pytest.raises(LatentError, match="3 faces with it and 87 without: give at least 10"):
        fit_boundaries(w, {"hat": torch.arange(100) < 3})
    with pytest.raises(LatentError, match=r"label hat \[99\] does not fit 100 faces"):
        fit_boundaries(w, {"hat": torch.ones(99)})
    half = w[:, 0] > 0
    with pytest.raises(LatentError, match="hat can't change while cap stay"):
        learn_directions(generator, w, {"hat": half, "cap": half})


def test_a_channel_moves_one_style_by_its_spread(generator, faces):
    (channel,) = channels(generator, ["4:3"]).values()
    moved = edit(faces[:1], generator, [(channel, 2)])
    change = [
        after - before
        for after, before in zip(generator.styles(moved.codes, moved.offset), generator.styles(faces[:1].codes), strict=True)
    ]
    assert [index for index, part in enumerate(change) if part.abs().max() > 1e-4] == [4]
    assert (change[4].abs() > 1e-4).nonzero()[:, 1].tolist() == [3]
    for name, problem in (("4:99", "layer 4 has channels"), ("40:1", "layers are 0 to"), ("beard", "is no channel")):
        with pytest.raises(LatentError, match=problem):
            channels(generator, [name])
    with pytest.raises(LatentError, match="known for StyleGAN2 FFHQ at 1024 pixels"):
        channels(generator, ["smile"])
    assert STYLESPACE["smile"] == (6, 501)


def test_directions_are_kept_in_a_file(generator, tmp_path, found):
    odd = Direction(
        name="odd", space="w", vector=torch.ones(16), generator=found.generator, rows=(2,), goal=-3.0, mean=torch.zeros(16)
    )
    given = Directions([*found.values(), make(generator, "s"), odd], "small")
    given.save(tmp_path / "all.safetensors")
    read = Directions.load(tmp_path / "all.safetensors")
    assert list(read) == ["sefa_0", "sefa_1", "sefa_2", "s", "odd"]
    assert read.name == "small"
    assert (read["odd"].goal, read["odd"].rows, read["s"].space) == (-3.0, (2,), "s")
    for name, direction in read.items():
        assert torch.equal(direction.vector, given[name].vector), name
    with pytest.raises(LatentError, match="choose from sefa_0"):
        read["beard"]
    Latent(torch.zeros(1, 16), "w").save(tmp_path / "latent.safetensors")
    with pytest.raises(LatentError, match="not directions saved by Pastiche"):
        Directions.load(tmp_path / "latent.safetensors")


def test_a_damaged_file_of_directions_is_refused(tmp_path, found):
    from safetensors.torch import save_file

    for number, header in enumerate(("no json", "[]", '{"directions": [{"name": "x"}], "generator": "y"}')):
        path = tmp_path / f"{number}.safetensors"
        save_file({"vector.x": torch.ones(3)}, path, {"pastiche.directions": header})
        with pytest.raises(LatentError, match="can't be read as directions"):
            Directions.load(path)


@pytest.mark.parametrize(("shape", "space"), [((1, 16), "w"), ((16,), "w"), ((8, 16), "w+")])
def test_vectors_of_encoder4editing(generator, tmp_path, shape, space):
    vector = torch.randn(shape)
    torch.save(vector, tmp_path / "age.pt")
    (read,) = import_directions(tmp_path / "age.pt", generator).values()
    assert (read.name, read.space) == ("age", space)
    assert torch.equal(read.vector.flatten(), vector.flatten())


def test_the_components_of_ganspace(generator, faces, tmp_path):
    rng = torch.Generator().manual_seed(0)
    mean, comp, std = torch.randn(16, generator=rng), torch.randn(16, 80, generator=rng).T, torch.rand(80, generator=rng) + 0.5
    comp = comp / comp.norm(dim=1, keepdim=True)
    torch.save({"mean": mean, "comp": comp, "std": std}, tmp_path / "pca.pt")
    read = import_directions(tmp_path / "pca.pt", generator)
    assert len([name for name in read if name.startswith("pca_")]) == 80
    component, first, end, strength = GANSPACE["smile"]
    moved = edit(faces, generator, [(read["smile"], 1)])
    coordinate = (faces.codes[:, 0] - mean) @ comp[component] / std[component]
    wanted = (strength - coordinate)[:, None] * comp[component] * std[component]
    assert (first, end) == (4, 5)
    assert torch.allclose(moved.codes[:, 4] - faces.codes[:, 4], wanted, atol=1e-4)
    assert torch.equal(moved.codes[:, :4], faces.codes[:, :4])


def test_arrays_of_stit_use_the_first_row(generator, tmp_path):
    array = np.random.default_rng(0).normal(size=(8, 16))
    np.save(tmp_path / "smile.npy", array)
    (read,) = import_directions(tmp_path / "smile.npy", generator).values()
    assert read.space == "w"
    assert np.allclose(read.vector.numpy(), array[0] / 2, atol=1e-6)


class Hostile:
    def __reduce__(self):
        return print, ("run",)


def test_hostile_files_run_nothing(generator, tmp_path, capsys):
    torch.save({"mean": Hostile()}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Hostile()))
    np.save(tmp_path / "c.npy", np.array([Hostile()], dtype=object), allow_pickle=True)
    (tmp_path / "d.npy").write_bytes(
        b"\x93NUMPY\x01\x00\x46\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000,), }".ljust(69)
        + b"\n"
        + b"0" * 64
    )
    for name, error in (("a.pt", UnsafeCheckpointError), ("b.pt", UnsafeCheckpointError), ("c.npy", CheckpointError)):
        with pytest.raises(error):
            import_directions(tmp_path / name, generator)
    with pytest.raises(CheckpointError, match="can't be read as an array"):
        import_directions(tmp_path / "d.npy", generator)
    assert "run" not in capsys.readouterr().out


def test_files_that_do_not_fit_say_why(generator, tmp_path):
    torch.save(torch.ones(1, 512), tmp_path / "smile.pt")
    with pytest.raises(LatentError, match=r"a direction \[512\], and this generator of 32 pixels takes \[16\] or \[8, 16\]"):
        import_directions(tmp_path / "smile.pt", generator)
    torch.save({"a": torch.ones(3), "b": torch.ones(3)}, tmp_path / "two.pt")
    with pytest.raises(CheckpointError, match="holds a, b; expected a vector"):
        import_directions(tmp_path / "two.pt", generator)
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match="holds a list; expected one tensor"):
        import_directions(tmp_path / "list.pt", generator)


def test_retargeting_takes_only_the_motion(faces):
    face, film = faces[0], faces[3:6]
    moved = retarget(face, film, amount=0.5, rows=[0, 2])
    assert torch.equal(moved.codes[0], face.codes[0])
    wanted = face.codes[0, [0, 2]] + 0.5 * (film.codes[2] - film.codes[0])[[0, 2]]
    assert torch.allclose(moved.codes[2, [0, 2]], wanted)
    assert torch.equal(moved.codes[2, [1, 3, 4, 5, 6, 7]], face.codes[0, [1, 3, 4, 5, 6, 7]])
    with pytest.raises(LatentError, match="give one face"):
        retarget(faces[:2], film)
    with pytest.raises(LatentError, match="no row 8"):
        retarget(face, film, rows=[8])


def test_a_face_keeps_still_while_nobody_is_seen():
    face, codes = torch.full((4, 3), 7.0), [torch.full((4, 3), float(n)) for n in (2, 5, 3)]
    moved = list(follow(face, [None, *codes, None], amount=2, rows=[1]))
    assert [code[1, 0].item() for code in moved] == [7, 7, 13, 9, 9]
    assert all(torch.equal(code[[0, 2, 3]], face[[0, 2, 3]]) for code in moved)
