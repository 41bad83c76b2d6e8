"""Rebuild a golden checkpoint and read its expected outputs.

A golden case is two files beside this one:

  NAME.json         what the published implementation's checkpoint holds: for every tensor
                    its path in the nested dict ("g_ema/conv1.conv.weight"), shape, mean and
                    std; plus plain values (opts), and notes on the call that was made.
  NAME.safetensors  the inputs of that call and the outputs that the published
                    implementation gave for them, in float32 on a CPU.

The weights themselves are not stored: tensor i of path p is
mean + std * N(0, 1), drawn by numpy's PCG64 seeded with crc32(p) ^ seed.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent


def tensor(path, spec, seed):
    shape = tuple(spec["shape"])
    if "const" in spec:
        return torch.tensor(np.asarray(spec["const"]).reshape(shape), dtype=getattr(torch, spec.get("dtype", "float32")))
    if spec.get("dtype", "float32").startswith("int"):
        return torch.zeros(shape, dtype=getattr(torch, spec["dtype"]))
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(path.encode()) ^ seed))
    n = int(np.prod(shape)) if shape else 1
    values = rng.standard_normal(n, dtype=np.float32).reshape(shape)
    if spec.get("positive"):
        values = np.abs(values)
    return torch.from_numpy(np.asarray(spec["mean"] + spec["std"] * values, dtype=np.float32).reshape(shape))


def checkpoint(name, folder=HERE):
    """The nested dict that the published implementation would have saved with torch.save."""
    case = json.loads((Path(folder) / f"{name}.json").read_text())
    root = dict(case.get("plain", {}))
    for path, spec in case["tensors"].items():
        *parents, leaf = path.split("/")
        node = root
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = tensor(path, spec, case["seed"])
    return root


def expected(name, folder=HERE):
    """Inputs and outputs: a dict of float32 tensors."""
    return load_file(str(Path(folder) / f"{name}.safetensors"))


def case(name, folder=HERE):
    return json.loads((Path(folder) / f"{name}.json").read_text())


def relative_error(actual, wanted):
    """max |actual - wanted| over the scale of wanted: its standard deviation, or its size where it is a single number."""
    actual, wanted = actual.detach().float().cpu(), wanted.float()
    assert actual.shape == wanted.shape, f"{tuple(actual.shape)} is not {tuple(wanted.shape)}"
    scale = wanted.std() if wanted.numel() > 1 else wanted.abs().max()
    return ((actual - wanted).abs().max() / scale.clamp_min(1e-8)).item()


def summary(image):
    """What a golden keeps of a large image [N,3,H,W]: an area-averaged copy 128 wide, and a full-size centre crop of 96."""
    *_, h, w = image.shape
    small = torch.nn.functional.interpolate(image, size=(min(h, 128), min(w, 128)), mode="area")
    top, left = (h - min(h, 96)) // 2, (w - min(w, 96)) // 2
    return small, image[:, :, top : top + min(h, 96), left : left + min(w, 96)]
