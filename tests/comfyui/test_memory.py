"""How ComfyUI's memory management moves our networks; the device "meta" stands for a GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import importlib.util, json, sys
sys.path.insert(0, {comfy!r})
sys.argv = ["main.py", "--cpu"]
import comfy.options
comfy.options.enable_args_parsing()
import torch
from comfy.model_management import LoadedModel
spec = importlib.util.spec_from_file_location("pack", {root!r} + "/__init__.py", submodule_search_locations=[{root!r}])
pack = importlib.util.module_from_spec(spec)
sys.modules["pack"] = pack
spec.loader.exec_module(pack)
networks = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"]().execute(checkpoint="demo (comes with Pastiche)")[0]
model = networks.generator
patcher = sys.modules["pack.nodes.comfy"].Patcher(model, load_device=torch.device("meta"), offload_device=torch.device("cpu"))
loaded = LoadedModel(patcher)
loaded.model_load(lowvram_model_memory=1000)
places = sorted({{tensor.device.type for tensor in [*model.parameters(), *model.buffers()]}})
freed = patcher.partially_unload(torch.device("cpu"), 10)
sizes = {{"loaded": patcher.loaded_size(), "size": patcher.model_size()}}
print(json.dumps({{"places": places, "freed": freed, **sizes}}))
"""


def test_a_network_is_moved_whole_however_little_memory_is_left(tmp_path):
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    code = CODE.format(comfy=os.environ["COMFYUI_PATH"], root=str(ROOT))
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["places"] == ["meta"]
    assert facts["loaded"] == facts["size"]
    assert facts["freed"] == 0  # ComfyUI then unloads the whole
