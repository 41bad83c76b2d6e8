"""What nodes do: right results, inputs left alone, errors in one sentence."""

import importlib
import os
import sys
from dataclasses import replace

import pytest
import torch

from pastiche import precision


def within(images):
    return bool(images.isfinite().all()) and images.min() >= 0 and images.max() <= 1


# --- pictures and faces ------------------------------------------------------------------------------


def test_pictures_survive_the_way_there_and_back(part):
    pictures = part("pictures")
    image = torch.rand(2, 5, 7, 3)
    assert torch.allclose(pictures.to_comfy(pictures.from_comfy(image)), image, atol=1e-6)
    see_through = torch.cat([image, torch.zeros(2, 5, 7, 1)], dim=-1)
    assert pictures.from_comfy(see_through).eq(1).all()
    assert pictures.from_comfy(image[..., :1]).shape == (2, 3, 5, 7)


def test_a_batch_of_photos_is_aligned_and_pasted_back(run, demo, photo):
    photos = torch.cat([photo, photo.flip(2)])
    before = photos.clone()
    crops, faces = run("AlignFaces", image=photos, mode="find faces", count=1, size=64, generator=demo)
    assert crops.shape == (2, 256, 256, 3)
    assert faces.photos == (0, 1)
    image, mask = run("PasteFaces", image=photos, crops=1 - crops, faces=faces, region="oval", feather=0.1, match_color=False)
    assert image.shape == photos.shape
    assert mask.shape == photos.shape[:3]
    assert torch.allclose(image[mask == 0], photos[mask == 0], atol=1e-6)
    assert (image - photos).abs()[mask > 0.9].mean() > 0.1
    assert photos.equal(before)


def test_a_face_is_cut_by_hand_where_none_is_found(run):
    plain = torch.full((1, 64, 96, 3), 0.5)
    crops, _ = run("AlignFaces", image=plain, mode="find faces, else by hand", count=0, size=64)
    assert crops.shape == (1, 64, 64, 3)
    with pytest.raises(Exception, match=r'set mode to "find faces, else by hand"'):
        run("AlignFaces", image=plain, mode="find faces", count=0, size=64)
    with pytest.raises(Exception, match="square"):
        run("AlignFaces", image=plain, mode="find faces, else whole picture", count=0, size=64)


def test_wrong_numbers_of_crops_are_explained(run, photo):
    crops, faces = run("AlignFaces", image=photo, mode="find faces", count=0, size=64)
    with pytest.raises(Exception, match="found 1 faces in 1 photos, and Paste Faces got 2 crops"):
        run(
            "PasteFaces",
            image=photo,
            crops=crops.repeat(2, 1, 1, 1),
            faces=faces,
            region="oval",
            feather=0.1,
            match_color=False,
        )


# --- latents -------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_faces(run, demo):
    first, images = run("GenerateFaces", generator=demo, seed=5, count=3, psi=0.7)
    again, _ = run("GenerateFaces", generator=demo, seed=5, count=3, psi=0.7)
    other, _ = run("GenerateFaces", generator=demo, seed=6, count=3, psi=0.7)
    assert first.codes.equal(again.codes)
    assert not first.codes.equal(other.codes)
    assert images.shape == (3, 256, 256, 3)
    assert within(images)


@pytest.mark.parametrize("method", ["encoder", "hybrid", "optimize"])
def test_every_inversion_gives_latent_and_reconstruction(run, demo, method):
    _, images = run("GenerateFaces", generator=demo, seed=1, count=2, psi=0.5)
    before = images.clone()
    latent, seen = run("InvertFace", generator=demo, crops=images, method=method, steps=2)
    assert latent.codes.shape == (2, 14, 128)
    assert seen.shape == images.shape
    assert within(seen)
    assert images.equal(before)


def test_the_encoder_knows_a_generated_face(run, demo):
    _, images = run("GenerateFaces", generator=demo, seed=1, count=2, psi=0.5)
    _, seen = run("InvertFace", generator=demo, crops=images, method="encoder")
    assert (seen - images).abs().mean() < 0.5 * (images[0] - images[1]).abs().mean()


# --- styles --------------------------------------------------------------------------------------------


def test_strength_0_is_the_face_itself(run, demo, learned, faces):
    style, _ = learned
    (plain,) = run("Stylize", style=style, latent=faces, strength=0.0)
    (drawn,) = run("Stylize", style=style, latent=faces, strength=1.0)
    with torch.no_grad(), precision("auto"):
        expected = demo.generator(faces).clamp(-1, 1).movedim(1, -1) / 2 + 0.5
    assert torch.allclose(plain, expected, atol=1e-4)
    assert (plain - drawn).abs().max() > 0.01


def test_what_was_learned_is_remembered_by_content(run, demo, reference, monkeypatch, part):
    module = part("learn")
    times = []
    original = module.learn
    monkeypatch.setattr(module, "learn", lambda *given: times.append(1) or original(*given))
    module.REMEMBERED.clear()
    given = {"generator": demo, "preset": "quick", "seed": 3, "steps": 1}
    first, _ = run("FinetuneOneShot", references=reference, **given)
    again, _ = run("FinetuneOneShot", references=reference.clone(), **given)
    assert len(times) == 1
    assert first.style.tuned is again.style.tuned
    run("FinetuneOneShot", references=reference.flip(2), **given)
    run("FinetuneOneShot", references=reference, **{**given, "seed": 4})
    assert len(times) == 3
    assert len(module.REMEMBERED) == module.KEPT


def test_options_change_the_preset_and_nothing_else(demo, part):
    settings = part("learn").settings
    assert settings("automatic", demo, {}).lr == 4e-3
    assert settings("default", demo, {"steps": 0, "mix": -1.0, "rows": "", "colors": "as the preset"}) == settings(
        "default", demo, {}
    )
    chosen = settings(
        "default", demo, {"steps": 7, "colors": "keep", "rows": "7, 8 9", "mix": 0.0, "extreme": "yes", "space": "s"}
    )
    assert (chosen.steps, chosen.rows, chosen.alpha, chosen.extreme, chosen.space) == (7, (7, 8, 9), 0.0, True, "s")
    assert chosen.keep_color
    assert chosen.greyscale
    assert settings("automatic", demo, {"reconstruction": -1.0}).reconstruction > 0
    assert settings("automatic", demo, {"reconstruction": 0.0}).reconstruction == 0
    assert settings("default", demo, {"reconstruction": 0.7}).reconstruction == 0.7
    with pytest.raises(Exception, match="whole numbers"):
        settings("default", demo, {"rows": "seven"})


def test_films_go_between_faces_and_styles(run, demo, learned, faces):
    style, tuned = learned
    _, other = run("SwapLayers", base=demo, tuned=tuned, switch_at="32", softness=1.0)
    (frames,) = run(
        "Interpolate", latent_a=faces[0], latent_b=faces[1], style_a=style, style_b=other, frames=3, easing="linear"
    )
    (start,) = run("Stylize", style=style, latent=faces[0], strength=1.0)
    (end,) = run("Stylize", style=other, latent=faces[1], strength=1.0)
    assert torch.allclose(frames[:1], start, atol=1e-3)
    assert torch.allclose(frames[2:], end, atol=1e-3)
    (both,) = run("Interpolate", latent_a=faces, frames=2, easing="ease", style_a=style, strength_a=0.0)
    assert both.shape[0] == 4
    (plain,) = run("Stylize", style=style, latent=faces, strength=0.0)
    assert torch.allclose(both[::2], plain, atol=1e-3)
    (bare,) = run("Interpolate", latent_a=faces[0], latent_b=faces[1], frames=4, easing="ease", generator=demo, loop=True)
    assert bare.shape[0] == 4
    with pytest.raises(Exception, match="connect a style"):
        run("Interpolate", latent_a=faces, frames=2, easing="linear")


def test_swapping_everything_gives_one_or_the_other(run, demo, learned):
    _, tuned = learned
    mixed, _ = run("SwapLayers", base=demo, tuned=tuned, switch_at="32", softness=0.0)
    below, base, upper = (n.generator.conv1.conv.weight for n in (mixed, demo, tuned))
    assert below.equal(base)
    assert not below.equal(upper)
    assert mixed.generator.convs[-1].conv.weight.equal(tuned.generator.convs[-1].conv.weight)
    (info,) = run("ModelInfo", generator=mixed)
    assert "layers swapped" in info
    with pytest.raises(Exception, match="no resolution 512"):
        run("SwapLayers", base=demo, tuned=tuned, switch_at="512", softness=0.0)


# --- files ---------------------------------------------------------------------------------------------


def test_styles_and_latents_are_kept_in_files(run, demo, learned, faces, comfy_folder, pack):
    style, _ = learned
    (written,) = run("SaveStyle", style=style, name="mine/ink")
    run("SaveStyle", style=style, name="mine/ink", half=True)
    nodes = pack.NODE_CLASS_MAPPINGS
    names = nodes["PasticheLoadStyle"].INPUT_TYPES()["required"]["file"][0]
    assert names == ["mine/ink_00001.safetensors", "mine/ink_00002.safetensors"]
    assert nodes["PasticheLoadStyle"].VALIDATE_INPUTS(file=names[0]) is True
    (again,) = run("LoadStyle", generator=demo, file=names[0])
    (by_path,) = run("LoadStyle", generator=demo, file="nothing saved yet", path=written)
    for loaded in (again, by_path):
        for own, other in zip(loaded.style.tuned.parameters(), style.style.tuned.parameters(), strict=True):
            assert own.equal(other)

    run("SaveLatent", latent=faces, name="two")
    (latent,) = run("LoadLatent", file="two_00001.safetensors")
    assert latent.codes.equal(faces.codes)
    assert "not in" in nodes["PasticheLoadLatent"].VALIDATE_INPUTS(file="other.safetensors")


def test_where_nothing_was_saved_yet_the_message_says_so(pack, run):
    for node in ("LoadStyle", "LoadLatent"):
        kind = pack.NODE_CLASS_MAPPINGS[f"Pastiche{node}"]
        assert "no file has been saved yet" in kind.VALIDATE_INPUTS(file="nothing saved yet")
    with pytest.raises(Exception, match="no file has been saved yet"):
        run("LoadLatent", file="nothing saved yet")


def test_files_outside_of_their_folders_are_neither_read_nor_written(run, demo, learned, faces, tmp_path):
    style, _ = learned
    run("SaveStyle", style=style, name="ink")
    outside = tmp_path / "outside.safetensors"
    faces.save(outside)
    for name in ("../escape", "", "a/../../b", ".."):
        with pytest.raises(Exception, match="no name for a file"):
            run("SaveLatent", latent=faces, name=name)
    for path in (str(outside), "../../outside.safetensors"):
        with pytest.raises(Exception, match="is not in"):
            run("LoadLatent", file="nothing saved yet", path=path)


def test_a_changed_file_runs_again_and_an_unchanged_one_does_not(pack, demo, engine, comfy_folder):
    loader = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"]
    place = comfy_folder / "models" / "pastiche" / "sub"
    place.mkdir(parents=True)
    (place / "notes.txt").write_text("no model", encoding="utf8")
    path = place / "own.safetensors"
    engine.save(demo.checkpoint, path)
    choices = loader.INPUT_TYPES()["required"]["checkpoint"][0]
    assert "pastiche/sub/own.safetensors" in choices
    assert not [choice for choice in choices if choice.endswith(".txt")]
    chosen = "pastiche/sub/own.safetensors"
    before = loader.IS_CHANGED(checkpoint=chosen)
    assert loader.IS_CHANGED(checkpoint=chosen) == before
    os.utime(path, ns=(1, 1))
    assert loader.IS_CHANGED(checkpoint=chosen) != before
    assert loader.VALIDATE_INPUTS(checkpoint=chosen) is True
    networks, info = loader().execute(checkpoint=chosen)
    assert networks.generator.resolution == 256
    assert "256 pixels" in info


def test_what_is_missing_is_said_before_anything_runs(pack, run):
    loader = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"]
    assert "put it there" in loader.VALIDATE_INPUTS(checkpoint="pastiche/gone.pt")
    entry = next(choice for choice in loader.INPUT_TYPES()["required"]["checkpoint"][0] if choice.startswith("catalog: "))
    said = loader.VALIDATE_INPUTS(checkpoint=entry)
    assert "Switch download on" in said
    assert loader.VALIDATE_INPUTS(checkpoint=entry, download=True) is True
    assert "the catalog has no 'nothing'" in loader.VALIDATE_INPUTS(checkpoint="catalog: nothing")
    assert loader.VALIDATE_INPUTS() is True
    with pytest.raises(Exception, match="is not in"):
        run("LoadStyleGAN", checkpoint="pastiche/gone.pt")


# --- errors, cancelling --------------------------------------------------------------------------------


def test_errors_are_one_sentence_without_a_trace(run):
    with pytest.raises(Exception, match="no face") as caught:
        run("AlignFaces", image=torch.zeros(1, 64, 64, 3), mode="find faces", count=0, size=64)
    assert type(caught.value).__module__ == "builtins"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(caught.traceback) <= 3


class Cancelled(Exception):
    """As ComfyUI raises it."""


@pytest.mark.parametrize("node", ["FinetuneOneShot", "InvertFace", "TuneToFace", "Stylize", "Interpolate"])
def test_cancel_stops_within_one_step(run, demo, reference, learned, faces, part, monkeypatch, node):
    steps = []

    def stop():
        steps.append(1)
        if len(steps) == 2:
            raise Cancelled

    given = {
        "FinetuneOneShot": {"generator": demo, "references": reference, "preset": "default", "seed": 99, "steps": 500},
        "InvertFace": {"generator": demo, "crops": reference, "method": "optimize", "steps": 500},
        "TuneToFace": {"generator": demo, "crops": reference, "latent": faces[0], "steps": 500},
        "Stylize": {"style": learned[0], "latent": type(faces)(faces.codes.repeat(20, 1, 1), "w+"), "strength": 1.0},
        "Interpolate": {"latent_a": faces, "style_a": learned[0], "frames": 50, "easing": "linear"},
    }[node]
    part("learn").REMEMBERED.clear()
    monkeypatch.setattr(part("comfy"), "check_interrupted", stop)
    with pytest.raises(Cancelled):
        run(node, **given)
    assert len(steps) == 2
    assert not part("learn").REMEMBERED


def test_progress_and_previews_reach_comfyui(run, demo, reference, part, monkeypatch):
    seen = []

    class Bar:
        def __init__(self, total):
            pass

        def update_absolute(self, value, total, preview):
            seen.append((value, total, preview))

    class Utilities:
        ProgressBar = Bar

    monkeypatch.setattr(part("comfy"), "utilities", Utilities)
    part("learn").REMEMBERED.clear()
    run("FinetuneOneShot", generator=demo, references=reference, preset="default", seed=98, steps=3)
    assert [(value, total) for value, total, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    kind, picture, _ = seen[-1][2]
    assert kind == "JPEG"
    assert picture.size == (256, 256)


# --- the methods without demo weights ------------------------------------------------------------------


def networks_of(part, **slots):
    engine = importlib.import_module(part("sockets").__package__.removesuffix(".nodes") + ".engine")
    return part("sockets").Networks.of(engine.Checkpoint(source="a random one", **slots))


@pytest.fixture(scope="module")
def random_models(engine):
    """Modules of the extension's own engine, to build small random generators from."""
    torch.manual_seed(0)
    return lambda name: importlib.import_module(f"{engine.__name__}.{name}")


SIZES = {"resolution": 32, "channels": {4: 8, 8: 8, 16: 8, 32: 8}, "z_dim": 16, "w_dim": 16, "mapping_layers": 2}


def frozen(module):
    return module.eval().requires_grad_(False)


def test_attribute_style(run, part, random_models):
    agile, plain = random_models("agilegan"), random_models("stylegan2")
    model = frozen(agile.AgileGenerator(agile.AgileConfig(**SIZES, attributes=("female", "male"), split=16)))
    networks = networks_of(part, architecture="agilegan", generator=model)
    source = frozen(plain.Generator(plain.GeneratorConfig(**SIZES)))
    base = networks_of(part, architecture="stylegan2", generator=source)
    faces, _ = run("GenerateFaces", generator=networks, seed=0, count=2, psi=0.7)
    drawn = {}
    for attribute in ("0", "male", "0.5"):
        (style,) = run("AttributeStyle", generator=networks, attribute=attribute, source=base)
        (drawn[attribute],) = run("Stylize", style=style, latent=faces, strength=0.5)
    assert drawn["0"].shape == (2, 32, 32, 3)
    assert len({picture.sum().item() for picture in drawn.values()}) == 3
    (style,) = run("AttributeStyle", generator=networks, attribute="0")
    with pytest.raises(Exception, match="source"):
        run("Stylize", style=style, latent=faces, strength=0.5)
    with pytest.raises(Exception, match="no attribute 'cat'"):
        run("AttributeStyle", generator=networks, attribute="cat")


def test_blend_style(run, part, random_models):
    blend = random_models("blendgan")
    model = frozen(blend.BlendGenerator(blend.BlendConfig(**SIZES, code_dim=16, code_layers=2)))
    model.add_weight.fill_(0.5)  # a new one takes nothing of the style
    encoder = frozen(blend.StyleEncoder(blend.StyleEncoderConfig(widths=(4, 4, 4, 4, 4), code_dim=16, code_layers=2)))
    networks = networks_of(part, architecture="blendgan", generator=model, style_encoder=encoder)
    faces, _ = run("GenerateFaces", generator=networks, seed=0, count=2, psi=0.7)
    picture = torch.rand(2, 40, 48, 3)
    (seeded,) = run("BlendStyle", generator=networks, indicator=2, seed=1)
    (read,) = run("BlendStyle", generator=networks, indicator=2, seed=1, reference=picture)
    (first,) = run("Stylize", style=seeded, latent=faces, strength=1.0)
    (second,) = run("Stylize", style=read, latent=faces, strength=1.0)
    assert first.shape == (2, 32, 32, 3)
    assert not first.equal(second)
    (film,) = run("Interpolate", latent_a=faces[0], style_a=seeded, style_b=read, frames=3, easing="ease")
    assert torch.allclose(film[:1], first[:1], atol=1e-4)
    run("SaveStyle", style=seeded, name="blended")
    (again,) = run("LoadStyle", generator=networks, file="blended_00001.safetensors")
    assert torch.allclose(run("Stylize", style=again, latent=faces, strength=1.0)[0], first, atol=1e-6)
    with pytest.raises(Exception, match="indicator"):
        run("BlendStyle", generator=networks, indicator=18, seed=1)


def test_dual_style_transfer(run, part, random_models, comfy_folder, pack):
    dual = random_models("dualstylegan")
    model = frozen(dual.DualStyleGenerator(dual.DualStyleConfig(**SIZES, structure_rows=3)))
    config = dual.SamplerConfig(structure_rows=3, color_rows=model.num_layers - 3, w_dim=16, noise_dim=4, hidden=8)
    networks = networks_of(part, architecture="dualstylegan", generator=model, sampler=frozen(dual.CodeSampler(config)))
    faces, _ = run("GenerateFaces", generator=networks, seed=0, count=2, psi=0.7)
    place = comfy_folder / "models" / "pastiche"
    place.mkdir(parents=True)
    dual.Exemplars(["ink", "oil"], torch.randn(2, model.num_layers, 16)).save(place / "table.safetensors")
    node = pack.NODE_CLASS_MAPPINGS["PasticheDualStyleTransfer"]
    assert node.INPUT_TYPES()["required"]["exemplars"][0] == ["none", "table.safetensors"]
    assert node.VALIDATE_INPUTS(exemplars="table.safetensors") is True
    assert "put it there" in node.VALIDATE_INPUTS(exemplars="gone.npy")
    given = {"generator": networks, "structure": 1.0, "color": 1.0, "seed": 3}
    drawn = []
    for table, exemplar in (("table.safetensors", "0"), ("table.safetensors", "oil"), ("none", "0")):
        (style,) = run("DualStyleTransfer", exemplars=table, exemplar=exemplar, **given)
        drawn.append(run("Stylize", style=style, latent=faces, strength=1.0)[0])
    assert drawn[0].shape == (2, 32, 32, 3)
    assert len({picture.sum().item() for picture in drawn}) == 3
    (plain,) = run("Stylize", style=style, latent=faces, strength=0.0)
    assert not plain.equal(drawn[-1])
    with pytest.raises(Exception, match="there is no exemplar 'gouache'"):
        run("DualStyleTransfer", exemplars="table.safetensors", exemplar="gouache", **given)


def test_the_other_methods_refuse_a_plain_generator(run, demo):
    with pytest.raises(Exception, match="this style needs one of blendgan"):
        run("BlendStyle", generator=demo, indicator=6, seed=0)
    with pytest.raises(Exception, match="this style needs one of dualstylegan"):
        run("DualStyleTransfer", generator=demo, exemplars="none", exemplar="0", structure=1.0, color=1.0, seed=0)
    with pytest.raises(Exception, match="this style needs one of agilegan"):
        run("AttributeStyle", generator=demo, attribute="0")


def test_the_engine_of_the_extension_is_not_the_installed_one(engine):
    assert engine.__name__ != "pastiche"
    assert "pastiche" not in sys.modules or sys.modules["pastiche"] is not engine


# --- likeness ----------------------------------------------------------------------------------------


def test_a_person_stays_in_a_style(run, demo, reference, learned, faces):
    before = [value.clone() for value in demo.generator.parameters()]
    person, drawn = run("TuneToFace", generator=demo, crops=reference, latent=faces[0], steps=2)
    assert within(drawn)
    assert drawn.shape == reference.shape
    assert all(torch.equal(a, b) for a, b in zip(before, demo.generator.parameters(), strict=True))
    given = {"style": learned[0], "latent": faces[0]}
    (alone,) = run("Stylize", strength=1.0, **given)
    assert torch.equal(run("Stylize", strength=1.0, person=person, likeness=0.0, **given)[0], alone)
    assert not torch.allclose(run("Stylize", strength=1.0, person=person, likeness=0.6, **given)[0], alone, atol=1e-3)
    assert torch.allclose(run("Stylize", strength=0.0, person=person, likeness=1.0, **given)[0], drawn, atol=1e-5)


def test_tuning_without_a_measure_is_explained(run, demo, reference, faces):
    bare = replace(demo, checkpoint=replace(demo.checkpoint, discriminator=None))
    with pytest.raises(Exception, match="has no discriminator, which measures the tuning"):
        run("TuneToFace", generator=bare, crops=reference, latent=faces[0], steps=2)
