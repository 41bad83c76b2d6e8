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


@pytest.mark.parametrize("region", ["face", "head"])
def test_outside_of_a_shape_s_mask_the_photo_is_untouched(run, photo, region):
    crops, faces = run("AlignFaces", image=photo, mode="find faces", count=1, size=64)
    image, mask = run("PasteFaces", image=photo, crops=1 - crops, faces=faces, region=region, feather=0.1, match_color=True)
    assert torch.equal(image[mask == 0], photo[mask == 0])
    assert (image - photo).abs()[mask > 0.9].mean() > 0.1


def test_a_face_is_cut_by_hand_where_none_is_found(run):
    plain = torch.full((1, 64, 96, 3), 0.5)
    crops, _ = run("AlignFaces", image=plain, mode="find faces, else by hand", count=0, size=64)
    assert crops.shape == (1, 64, 64, 3)
    with pytest.raises(Exception, match=r'set mode to "find faces, else by hand"'):
        run("AlignFaces", image=plain, mode="find faces", count=0, size=64)
    with pytest.raises(Exception, match="square"):
        run("AlignFaces", image=plain, mode="find faces, else whole picture", count=0, size=64)


def test_landmarks_are_found_by_what_was_chosen(run, photo):
    crops, _ = run("AlignFaces", image=photo, mode="find faces", count=0, size=64, landmarks="auto")
    assert crops.equal(run("AlignFaces", image=photo, mode="find faces", count=0, size=64, landmarks="small")[0])
    with pytest.raises(Exception, match=r"download https://.*2DFAN4.* to that place, or set landmarks to small"):
        run("AlignFaces", image=photo, mode="find faces", count=0, size=64, landmarks="face-alignment")


def test_alignment_is_exact_everywhere_and_advises_nothing(run, engine, photo, monkeypatch, caplog):
    """Nobody chose its precision, so nobody is told of a faster one."""
    monkeypatch.setattr(importlib.import_module(f"{engine.__name__}.numerics"), "fast_bfloat16", lambda _device: True)
    with caplog.at_level("INFO"):
        run("AlignFaces", image=photo, mode="whole picture", count=0, size=64)
    assert "slower" not in caplog.text


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
    assert latent.codes.shape == (2, 14, demo.generator.config.w_dim)
    assert seen.shape == images.shape
    assert within(seen)
    assert images.equal(before)


@pytest.mark.parametrize("method", ["hybrid", "optimize"])
def test_an_inversion_keeps_the_noise_that_it_optimized(run, demo, method):
    _, images = run("GenerateFaces", generator=demo, seed=1, count=1, psi=0.5)
    latent, seen = run("InvertFace", generator=demo, crops=images, method=method, steps=2, noise=True)
    assert [level.shape[-1] for level in latent.noise] == demo.generator.noise_resolutions
    with torch.no_grad():
        own = demo.generator.synthesis(latent.codes).clamp(-1, 1) / 2 + 0.5
    assert (seen - own.movedim(1, -1)).abs().max() > 1e-3, "drawn without the maps"


def test_an_encoder_gives_no_noise(run, demo):
    _, images = run("GenerateFaces", generator=demo, seed=1, count=1, psi=0.5)
    with pytest.raises(Exception, match='set "method" to hybrid or optimize, or switch "noise" off'):
        run("InvertFace", generator=demo, crops=images, method="encoder", noise=True)


def test_the_encoder_knows_a_generated_face(run, demo):
    _, images = run("GenerateFaces", generator=demo, seed=1, count=2, psi=0.5)
    _, seen = run("InvertFace", generator=demo, crops=images, method="encoder")
    assert (seen - images).abs().mean() < 0.5 * (images[0] - images[1]).abs().mean()


def test_strength_0_is_the_face_itself(run, demo, learned, faces):
    style, _ = learned
    (plain,) = run("Stylize", style=style, latent=faces, strength=0.0)
    (drawn,) = run("Stylize", style=style, latent=faces, strength=1.0)
    with torch.no_grad(), precision("auto"):
        expected = demo.generator(faces).clamp(-1, 1).movedim(1, -1) / 2 + 0.5
    assert torch.allclose(plain, expected, atol=1e-4)
    assert (plain - drawn).abs().max() > 0.01


def test_what_was_learned_never_depends_on_what_was_learned_before(run, demo, reference, part):
    """Two encoders of one file, the first one read in a wrong space: their styles have nothing to do with each other."""

    class Wrong(torch.nn.Module):
        def __init__(self, right):
            super().__init__()
            self.right = right

        def forward(self, image):
            latent = self.right(image)
            return type(latent)(latent.codes.flip(0).neg(), latent.space)

    given = {"generator": demo, "references": reference, "preset": "quick", "seed": 3, "options": run_options(run, steps=1)}
    wrong = part("sockets").Networks.of(
        replace(demo.checkpoint, generator=None, discriminator=None, encoder=Wrong(demo.checkpoint.encoder))
    )
    first, _ = run("FinetuneOneShot", encoder=wrong, **given)
    second, _ = run("FinetuneOneShot", **given)
    again, _ = run("FinetuneOneShot", **given)
    weights = [style.style.tuned.convs[-1].conv.weight for style in (first, second, again)]
    assert not weights[0].equal(weights[1])
    assert weights[1].equal(weights[2])


def run_options(run, **changes):
    """One-Shot Options as a new node shows them, but for some values."""
    shown = {
        "steps": 200,
        "learning_rate": 0.002,
        "decay": 0.0,
        "mix": 1.0,
        "realism": 0.0,
        "extreme": False,
        "space": "w+",
        "rows": "",
        "blocks": "1, 3, 4, 5",
        "noise": "random",
        "reconstruction": 0.0,
        "identity_weight": 0.0,
    }
    return run("OneShotOptions", **{**shown, **changes})[0]


def test_a_new_options_node_shows_the_default_preset(run, pack, engine):
    types = pack.NODE_CLASS_MAPPINGS["PasticheOneShotOptions"].INPUT_TYPES()["required"]
    shown = {name: facts.get("default", kind[0]) for name, (kind, facts) in types.items()}
    assert run("OneShotOptions", **shown)[0].settings == engine.OneShot()


def test_options_mean_what_they_say(run, demo, part, engine):
    chosen = run_options(
        run, steps=7, rows="7, 8 9, 11-13", mix=0.0, realism=0.25, extreme=True, space="s", blocks="2", decay=0.3
    ).settings
    assert (chosen.steps, chosen.rows, chosen.alpha, chosen.virtual) == (7, (7, 8, 9, 11, 12, 13), 0.0, 0.25)
    assert (chosen.extreme, chosen.space, chosen.blocks, chosen.decay) == (True, "s", (2,), 0.3)
    assert run_options(run, reconstruction=0.7).settings.reconstruction == 0.7
    for wrong in ("seven", "7-", "-3", "9-7"):
        with pytest.raises(Exception, match="whole numbers"):
            run_options(run, rows=wrong)
    with pytest.raises(Exception, match="connect Load Identity Network"):
        run_options(run, identity_weight=0.5)
    assert part("learn").named("automatic", demo) == importlib.import_module(f"{engine.__name__}.jojogan").PRESETS["demo"]


@pytest.mark.parametrize("colors", ["take", "keep"])
def test_colours_are_taken_or_kept_whatever_the_options(run, demo, reference, colors):
    style, _ = run(
        "FinetuneOneShot",
        generator=demo,
        references=reference,
        preset="strong",
        seed=0,
        options=run_options(run, steps=1, realism=0.5),
        colors=colors,
    )
    learned = style.style.settings
    assert (learned.keep_color, learned.greyscale) == (colors == "keep", colors == "keep")
    assert (learned.steps, learned.virtual) == (1, 0.5)  # options replace the preset


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
        assert "there is no saved file yet" in kind.VALIDATE_INPUTS(file="nothing saved yet")
    with pytest.raises(Exception, match="there is no saved file yet"):
        run("LoadLatent", file="nothing saved yet")


def test_files_outside_of_their_folders_are_neither_read_nor_written(run, demo, learned, faces, tmp_path):
    style, _ = learned
    run("SaveStyle", style=style, name="ink")
    outside = tmp_path / "outside.safetensors"
    faces.save(outside)
    for name in ("../escape", "", "a/../../b", ".."):
        with pytest.raises(Exception, match="not a valid file name"):
            run("SaveLatent", latent=faces, name=name)
    run("SaveLatent", latent=faces, name="two")
    for name in ("x" * 300, "two_00001.safetensors/face"):
        with pytest.raises(Exception, match="can't be saved in"):
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


def test_a_published_file_is_the_same_before_and_after_its_download(pack, comfy_folder, engine):
    loader = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"]
    item = engine.catalog.entry("stylegan2-ffhq-config-f")
    assert item.bytes
    chosen = f"catalog: {item.name}"
    before = loader.IS_CHANGED(checkpoint=chosen)
    place = comfy_folder / "models" / "pastiche"
    place.mkdir(parents=True)
    (place / item.file).touch()
    os.truncate(place / item.file, item.bytes)
    assert loader.IS_CHANGED(checkpoint=chosen) == before
    os.truncate(place / item.file, 100)
    assert loader.IS_CHANGED(checkpoint=chosen) != before, "it is another file"


def test_a_connected_choice_does_not_run_the_graph_again(pack):
    nodes = pack.NODE_CLASS_MAPPINGS
    for name, inputs in {
        "LoadStyleGAN": ("checkpoint",),
        "LoadStyle": ("file", "path"),
        "DualStyleTransfer": ("exemplars", "sampler"),
        "FindDirections": ("method", "file"),
        "AlignFaces": ("landmarks",),
        "ExamplePicture": ("picture",),
    }.items():
        connected = dict.fromkeys(inputs)  # ComfyUI gives None for what is not known before the run
        state = nodes[f"Pastiche{name}"].IS_CHANGED(**connected)
        assert isinstance(state, str)
        assert state == nodes[f"Pastiche{name}"].IS_CHANGED(**connected)


def test_files_of_other_kinds_are_no_models(pack, comfy_folder, engine, demo, monkeypatch):
    folder = comfy_folder / "models" / "pastiche" / "directions"
    folder.mkdir(parents=True)
    comfy = sys.modules[f"{pack.__name__}.nodes.comfy"]
    registered = comfy.folders_of
    monkeypatch.setattr(comfy, "folders_of", lambda name: [folder] if name == "pastiche_directions" else registered(name))
    engine.save(demo.checkpoint, folder / "looks_like_a_model.safetensors")
    choices = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"].INPUT_TYPES()["required"]["checkpoint"][0]
    assert not [choice for choice in choices if "looks_like" in choice]


def test_a_workflow_with_directions_stays_valid_when_a_file_is_added(pack):
    node = pack.NODE_CLASS_MAPPINGS["PasticheFindDirections"]
    assert node.VALIDATE_INPUTS(method="bundled", file="nothing saved yet") is True
    assert "put directions there" in node.VALIDATE_INPUTS(method="file", file="nothing saved yet")
    assert "put it there" in node.VALIDATE_INPUTS(method="file", file="gone.pt")
    assert "choose one of bundled" in node.VALIDATE_INPUTS(method="magic", file="gone.pt")


def test_a_photo_without_a_face_is_named(run, photo):
    batch = torch.cat([photo, torch.zeros_like(photo)])
    with pytest.raises(Exception, match=r"^photo 2 of 2: no face was found"):
        run("AlignFaces", image=batch, mode="find faces", count=0, size=64)


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
        "FinetuneOneShot": {"generator": demo, "references": reference, "preset": "default", "seed": 99},
        "InvertFace": {"generator": demo, "crops": reference, "method": "optimize", "steps": 500},
        "TuneToFace": {"generator": demo, "crops": reference, "latent": faces[0], "steps": 500},
        "Stylize": {"style": learned[0], "latent": type(faces)(faces.codes.repeat(20, 1, 1), "w+"), "strength": 1.0},
        "Interpolate": {"latent_a": faces, "style_a": learned[0], "frames": 50, "easing": "linear"},
    }[node]
    monkeypatch.setattr(part("comfy"), "check_interrupted", stop)
    with pytest.raises(Cancelled):
        run(node, **given)
    assert len(steps) == 2


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
    run("FinetuneOneShot", generator=demo, references=reference, preset="default", seed=98, options=run_options(run, steps=3))
    assert [(value, total) for value, total, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    kind, picture, _ = seen[-1][2]
    assert kind == "JPEG"
    assert picture.size == (256, 256)


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
    (plain,) = run("BlendStyle", generator=networks, indicator=18, seed=1)  # the widget reaches to the layers of 1024 pixels
    (last,) = run("BlendStyle", generator=networks, indicator=model.num_layers, seed=1)
    assert run("Stylize", style=plain, latent=faces, strength=1.0)[0].equal(
        run("Stylize", style=last, latent=faces, strength=1.0)[0]
    )


def test_blend_style_with_a_style_encoder_of_its_own_file(run, part, random_models, engine, models, pack):
    blend = random_models("blendgan")
    model = frozen(blend.BlendGenerator(blend.BlendConfig(**SIZES, code_dim=16, code_layers=2)))
    encoder = frozen(blend.StyleEncoder(blend.StyleEncoderConfig(widths=(4, 4, 4, 4, 4), code_dim=16, code_layers=2)))
    alone = networks_of(part, architecture="blendgan", generator=model)
    engine.save(engine.Checkpoint(architecture="blendgan", style_encoder=encoder), models / "style_encoder.safetensors")
    choices = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleEncoder"].INPUT_TYPES()["required"]["checkpoint"][0]
    bundled = ["demo: blendgan"] if "demo: blendgan" in choices else []
    assert choices == [*bundled, "pastiche/style_encoder.safetensors", "catalog: blendgan-style-encoder"]
    (reader, info) = run("LoadStyleEncoder", checkpoint="pastiche/style_encoder.safetensors")
    assert "style encoder" in info
    given = {"generator": alone, "indicator": 2, "seed": 1, "reference": torch.rand(1, 40, 48, 3)}
    with pytest.raises(Exception, match="holds no style encoder"):
        run("BlendStyle", **given)
    (style,) = run("BlendStyle", **given, style_encoder=reader)
    with torch.no_grad(), precision("auto"):
        wanted = encoder(part("pictures").from_comfy(given["reference"]))[0].float()
    assert torch.allclose(style.style.code, wanted, atol=1e-5)
    with pytest.raises(Exception, match="no style encoder"):
        run("LoadStyleEncoder", checkpoint="demo (comes with Pastiche)")


def test_the_identity_loss_sees_faces_through_arcface(run, demo, random_models, engine, models, pack, reference):
    encoders = random_models("encoders")
    config = encoders.ArcFaceConfig(embedding_dim=24, stem=4, widths=(4, 8, 8, 16))
    arcface = frozen(encoders.ArcFace(config))
    engine.save(engine.Checkpoint(architecture="arcface", encoder=arcface), models / "face.safetensors")
    nodes = pack.NODE_CLASS_MAPPINGS
    offered = {
        name: nodes[f"Pastiche{name}"].INPUT_TYPES()["required"]["checkpoint"][0]
        for name in ("LoadStyleGAN", "LoadFaceEncoder", "LoadStyleEncoder", "LoadIdentityNetwork")
    }
    file = "pastiche/face.safetensors"
    assert [name for name, files in offered.items() if file in files] == ["LoadIdentityNetwork"]
    (identity, _) = run("LoadIdentityNetwork", checkpoint=file)
    options = run_options(run, steps=2, identity_weight=0.5, identity=identity)
    style, _ = run("FinetuneOneShot", generator=demo, references=reference, preset="default", seed=0, options=options)
    plain, _ = run(
        "FinetuneOneShot", generator=demo, references=reference, preset="default", seed=0, options=run_options(run, steps=2)
    )
    assert not style.style.tuned.convs[-1].conv.weight.equal(plain.style.tuned.convs[-1].conv.weight)
    assert nodes["PasticheOneShotOptions"].INPUT_TYPES()["optional"]["identity"][0] not in {
        kind for name in ("LoadFaceEncoder", "LoadStyleGAN") for kind in nodes[f"Pastiche{name}"].RETURN_TYPES
    }
    for wrong in ("LoadFaceEncoder", "LoadStyleEncoder"):
        with pytest.raises(Exception, match=r"no (style |face )?encoder"):
            run(wrong, checkpoint=file)
    with pytest.raises(Exception, match="no identity network"):
        run("LoadIdentityNetwork", checkpoint="demo (comes with Pastiche)")


def test_loaders_offer_what_fits_and_look_again_only_when_a_file_changed(pack, demo, engine, models, part, monkeypatch, caplog):
    contents = part("contents")
    engine.save(demo.checkpoint, models / "faces.safetensors")
    (models / "damaged.pt").write_bytes(b"PK" + bytes(40))
    torch.save({"optimizer": {"lr": 1.0}}, models / "state.pt")
    looked = []
    read = contents._read
    monkeypatch.setattr(contents, "_read", lambda path: looked.append(path.name) or read(path))

    def offered(loader):
        files = pack.NODE_CLASS_MAPPINGS[f"Pastiche{loader}"].INPUT_TYPES()["required"]["checkpoint"][0]
        return [file for file in files if file.startswith("pastiche/")]

    assert offered("LoadStyleGAN") == offered("LoadFaceEncoder") == ["pastiche/faces.safetensors"]
    assert offered("LoadIdentityNetwork") == []
    assert sorted(looked) == ["damaged.pt", "faces.safetensors", "state.pt"]
    assert "damaged.pt is not listed" in caplog.text
    engine.save(demo.checkpoint, models / "damaged.pt.safetensors")
    os.utime(models / "faces.safetensors", ns=(1, 1))
    assert len(offered("LoadStyleGAN")) == 2
    assert sorted(looked[3:]) == ["damaged.pt.safetensors", "faces.safetensors"]


@pytest.fixture(scope="module")
def dual(random_models):
    """A random DualStyleGAN, its sampling network and a table of two exemplars."""
    method = random_models("dualstylegan")
    model = frozen(method.DualStyleGenerator(method.DualStyleConfig(**SIZES, structure_rows=3)))
    config = method.SamplerConfig(structure_rows=3, color_rows=model.num_layers - 3, w_dim=16, noise_dim=4, hidden=8)
    table = method.Exemplars(["ink", "oil"], torch.randn(2, model.num_layers, 16))
    return model, frozen(method.CodeSampler(config)), table


@pytest.fixture
def models(comfy_folder):
    """The folder for models."""
    place = comfy_folder / "models" / "pastiche"
    place.mkdir(parents=True)
    return place


AMOUNTS = {"exemplar": "0", "structure": 1.0, "color": 1.0, "seed": 3}


def test_dual_style_transfer(run, part, dual, models, pack):
    model, sampler, table = dual
    networks = networks_of(part, architecture="dualstylegan", generator=model, sampler=sampler)
    faces, _ = run("GenerateFaces", generator=networks, seed=0, count=2, psi=0.7)
    table.save(models / "table.safetensors")
    faces.save(models / "latent.safetensors")  # no exemplars
    node = pack.NODE_CLASS_MAPPINGS["PasticheDualStyleTransfer"]
    assert node.INPUT_TYPES()["required"]["exemplars"][0] == ["automatic", "none", "table.safetensors"]
    assert node.VALIDATE_INPUTS(exemplars="table.safetensors", sampler="automatic") is True
    before = node.IS_CHANGED(exemplars="automatic", sampler="automatic")
    table.save(models / "mine-exstyle.safetensors")  # may be beside the generator
    assert node.IS_CHANGED(exemplars="automatic", sampler="automatic") != before
    (models / "mine-exstyle.safetensors").unlink()
    assert "put it there" in node.VALIDATE_INPUTS(exemplars="gone.npy")
    assert "put it there" in node.VALIDATE_INPUTS(exemplars="none", sampler="gone.pt")
    given = {"generator": networks, **AMOUNTS}
    drawn = []
    for file, exemplar in (("table.safetensors", "0"), ("table.safetensors", "oil"), ("none", "0")):
        (style,) = run("DualStyleTransfer", **{**given, "exemplars": file, "exemplar": exemplar})
        drawn.append(run("Stylize", style=style, latent=faces, strength=1.0)[0])
    assert drawn[0].shape == (2, 32, 32, 3)
    assert len({picture.sum().item() for picture in drawn}) == 3
    (plain,) = run("Stylize", style=style, latent=faces, strength=0.0)
    assert not plain.equal(drawn[-1])
    with pytest.raises(Exception, match="there is no exemplar 'gouache'"):
        run("DualStyleTransfer", **{**given, "exemplars": "table.safetensors", "exemplar": "gouache"})


@pytest.mark.parametrize("names", [("generator", "sampler", "exstyle_code"), ("dual-x", "dual-x-sampler", "dual-x-exstyle")])
def test_what_was_published_with_a_dualstylegan_is_found_beside_it(run, engine, dual, models, pack, names):
    model, sampler, table = dual
    generator, network, codes = (models / "ink" / f"{name}.safetensors" for name in names)
    generator.parent.mkdir()
    save = engine.save
    save(engine.Checkpoint(architecture="dualstylegan", generator=model), generator)
    (networks, _) = run("LoadStyleGAN", checkpoint=f"pastiche/ink/{names[0]}.safetensors")
    given = {"generator": networks, **AMOUNTS, "exemplars": "automatic"}
    with pytest.raises(Exception, match="found neither exemplars nor a sampling network"):
        run("DualStyleTransfer", **given)

    save(engine.Checkpoint(architecture="dualstylegan-sampler", sampler=sampler), network)
    (random,) = run("DualStyleTransfer", **given)
    chosen = f"ink/{names[1]}.safetensors"
    assert chosen in pack.NODE_CLASS_MAPPINGS["PasticheDualStyleTransfer"].INPUT_TYPES()["optional"]["sampler"][0]
    (same,) = run("DualStyleTransfer", **given, sampler=chosen)
    assert random.style.code.equal(same.style.code)

    table.save(codes)
    (first,) = run("DualStyleTransfer", **given)
    assert first.style.code.equal(table[0])
    (by_chance,) = run("DualStyleTransfer", **{**given, "exemplars": "none"})
    assert by_chance.style.code.equal(random.style.code)


def test_exemplars_in_the_file_of_a_dualstylegan(run, engine, random_models, dual, models):
    model, _, table = dual
    own = random_models("dualstylegan").ExemplarTable.of(table)
    engine.save(engine.Checkpoint(architecture="dualstylegan", generator=model, exemplars=own), models / "whole.safetensors")
    (networks, _) = run("LoadStyleGAN", checkpoint="pastiche/whole.safetensors")
    (style,) = run("DualStyleTransfer", generator=networks, **{**AMOUNTS, "exemplar": "oil"}, exemplars="automatic")
    assert style.style.code.equal(table[1])


def test_the_other_methods_refuse_a_plain_generator(run, demo):
    with pytest.raises(Exception, match="this style needs blendgan"):
        run("BlendStyle", generator=demo, indicator=6, seed=0)
    with pytest.raises(Exception, match="this style needs dualstylegan"):
        run("DualStyleTransfer", generator=demo, exemplars="none", exemplar="0", structure=1.0, color=1.0, seed=0)
    with pytest.raises(Exception, match="this style needs agilegan"):
        run("AttributeStyle", generator=demo, attribute="0")


def test_the_engine_of_the_extension_is_not_the_installed_one(engine):
    assert engine.__name__ != "pastiche"
    assert "pastiche" not in sys.modules or sys.modules["pastiche"] is not engine


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


def test_a_person_stays_when_edited(run, demo, learned, reference, faces):
    face, still = faces[0], dict.fromkeys(("smile", "age", "glasses", "beard", "pitch", "hair_length", "light"), 0.0)
    person, _ = run("TuneToFace", generator=demo, crops=reference, latent=face, steps=6)
    given = {"generator": demo, "latent": face, **still, "yaw": 1.5}
    plain, drawn = run("EditFace", **given)
    edited, pictures = run("EditFace", **given, person=person, likeness=1.0)
    assert torch.equal(edited.codes, plain.codes)
    with torch.no_grad():
        wanted = person.tuned.generator(edited).clamp(-1, 1).movedim(1, -1) / 2 + 0.5
    change = (pictures - drawn).abs().mean()
    assert change > 0.005
    assert (pictures - wanted).abs().mean() < 0.2 * change  # the node may compute in half precision
    assert torch.equal(run("EditFace", **given, person=person, likeness=0.0)[1], drawn)
    _, strip = run("EditDirection", generator=demo, latent=face, name="yaw", amount=1.5, person=person, likeness=1.0)
    assert (strip[6] - pictures[0]).abs().mean() < 0.2 * change
    with pytest.raises(Exception, match="tuned on another generator"):
        run("EditFace", **{**given, "generator": learned[1], "yaw": 0.0}, person=person)


def test_tuning_without_a_measure_is_explained(run, demo, reference, faces):
    bare = replace(demo, checkpoint=replace(demo.checkpoint, discriminator=None))
    with pytest.raises(Exception, match="has no discriminator, and the tuning needs one"):
        run("TuneToFace", generator=bare, crops=reference, latent=faces[0], steps=2)


def test_an_encoder_file_is_told_what_it_can_not_tell(run, models, make_encoder_file):
    make_encoder_file(models / "encoder.pt")
    with pytest.raises(Exception, match="set architecture in Load Face Encoder to psp or e4e"):
        run("LoadFaceEncoder", checkpoint="pastiche/encoder.pt")
    networks, info = run("LoadFaceEncoder", checkpoint="pastiche/encoder.pt", architecture="psp", space="w+", resize="area")
    config = networks.checkpoint.encoder.config
    assert (config.space, config.resize) == ("w+", "area")
    assert "architecture: psp" in info


def test_files_are_listed_without_being_hashed(pack, models, make_encoder_file, engine, monkeypatch):
    make_encoder_file(models / "encoder.pt")
    monkeypatch.setattr(engine.catalog, "recognize", None)
    files = pack.NODE_CLASS_MAPPINGS["PasticheLoadFaceEncoder"].INPUT_TYPES()["required"]["checkpoint"][0]
    assert "pastiche/encoder.pt" in files


@pytest.mark.parametrize("name", ["face", "face.safetensors", "FACE.SAFETENSORS"])
def test_a_name_may_have_its_ending(part, name):
    assert part("paths").new_file("pastiche_latents", name).name.lower() == "face_00001.safetensors"


def test_the_largest_seed_is_that_of_the_command_line(part):
    from pastiche.cli.options import MAX_SEED

    assert part("inputs").MAX_SEED == MAX_SEED
    assert part("inputs").SEED[1]["max"] == MAX_SEED


def test_faces_are_edited_by_sliders_and_by_name(run, demo, faces):
    sliders = ("smile", "age", "glasses", "beard", "yaw", "pitch", "hair_length", "light")
    still = dict.fromkeys(sliders, 0.0)
    same, plain = run("EditFace", generator=demo, latent=faces, **still)
    moved, pictures = run("EditFace", generator=demo, latent=faces, **{**still, "yaw": 1.5})
    assert torch.equal(same.codes, faces.codes)
    assert (pictures - plain).abs().mean() > 0.01
    turned, strip = run("EditDirection", generator=demo, latent=faces, name="yaw", amount=1.5)
    assert torch.allclose(turned.codes, moved.codes, atol=1e-5)
    assert len(strip) == 7 * len(faces.codes)
    assert torch.allclose(strip[6], pictures[0], atol=0.02)
    assert torch.allclose(strip[3], plain[0], atol=0.02)


@pytest.mark.parametrize("method", ["blendgan", "dualstylegan", "agilegan-comic"])
def test_faces_of_every_method_are_edited_where_its_directions_belong(run, demo, faces, reference, method):
    networks, _ = run("LoadStyleGAN", checkpoint=f"demo: {method}")
    still = dict.fromkeys(("smile", "age", "glasses", "beard", "pitch", "hair_length", "light"), 0.0)
    given = {"latent": faces[0], **still, "yaw": 1.5}
    edited, drawn = run("EditFace", generator=networks, **given)
    wanted, plain = run("EditFace", generator=demo, **given)
    assert torch.allclose(edited.codes, wanted.codes, atol=1e-5)
    assert torch.allclose(drawn, plain, atol=0.02)
    turned, _ = run("EditDirection", generator=networks, latent=faces[0], name="yaw", amount=1.5)
    assert torch.allclose(turned.codes, wanted.codes, atol=1e-5)
    person, _ = run("TuneToFace", generator=networks, crops=reference, latent=faces[0], steps=2)
    assert not torch.equal(run("EditFace", generator=networks, **given, person=person, likeness=1.0)[1], drawn)


def test_regions_come_from_other_faces(run, demo, learned, faces, reference):
    """One node after another, with every style and person."""
    donor, _ = run("GenerateFaces", generator=demo, seed=5, count=1, psi=0.8)
    given = {"generator": demo, "donor": donor, "region": "hair"}
    same, plain = run("TransferRegion", **given, latent=faces, amount=0.0)
    assert not same.offset.any()
    hair, pictures = run("TransferRegion", **given, latent=faces, amount=1.0)
    change = (pictures - plain).abs().mean(dim=(0, 3))
    side = len(change)
    assert change[: side // 4].mean() > 0.02
    assert change[side // 2 : side * 3 // 4, side // 3 : side * 2 // 3].mean() < change[: side // 4].mean() / 2
    both, _ = run("TransferRegion", **{**given, "region": "background"}, latent=hair, amount=0.5)
    order, _ = run("TransferRegion", **given, latent=both, amount=0.0)
    assert torch.equal(order.offset, both.offset)
    assert not torch.allclose(both.offset, hair.offset, atol=1e-3)
    (styled,), (bare,) = (run("Stylize", style=learned[0], latent=latent, strength=1.0) for latent in (hair, faces))
    assert (styled - bare).abs().mean() > 0.005
    person, _ = run("TuneToFace", generator=demo, crops=reference, latent=faces[0], steps=2)
    known = {**given, "latent": faces[0], "amount": 1.0, "person": person}
    alone = run("TransferRegion", **known, likeness=0.0)[1]
    assert torch.allclose(alone, pictures[:1], atol=0.02)
    assert not torch.equal(run("TransferRegion", **known, likeness=1.0)[1], alone)
    with pytest.raises(Exception, match="give one donor, or one for each face"):
        run("TransferRegion", **{**given, "donor": faces}, latent=faces[0], amount=1.0)


def test_directions_are_found_and_refused(run, demo, learned, faces):
    found, names = run("FindDirections", generator=demo, method="sefa", count=2, rows="0-3")
    assert names.split() == list(found) == ["sefa_0", "sefa_1"]
    with pytest.raises(Exception, match="no direction 'smile'"):
        run("EditDirection", generator=demo, latent=faces, name="smile", amount=1.0, directions=found)
    with pytest.raises(Exception, match="belongs to another generator"):
        run("EditDirection", generator=learned[1], latent=faces, name="sefa_0", amount=1.0, directions=found)
    with pytest.raises(Exception, match="put directions there"):
        run("FindDirections", generator=demo, method="file", count=2)
