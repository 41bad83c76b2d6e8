"""The identity network of TreB1eN/InsightFace_Pytorch, model_ir_se50.pth: a bare state dict."""

import torch

from ...encoders import ArcFaceConfig
from ...encoders.backbone import DESIGNS
from ..files import Content, StateDict, state_dict
from ..plan import Part, Plan, Request
from ..registry import Format
from .networks import shape_of

__all__ = ["ARCFACE"]

KEYS = {"input_layer.0.weight", "body.0.res_layer.3.weight", "output_layer.3.weight"}


def detect(content: Content) -> bool:
    """Whether there is an IR-SE-50 with an embedding head."""
    return _state(content).keys() >= KEYS


def _state(content: Content) -> StateDict:
    return state_dict(content.root) or {}


def read(content: Content, _request: Request) -> Plan:
    """Read the network; its sizes come from the tensors' shapes."""
    state, where = _state(content), f"{content.path}: its encoder"
    ends = DESIGNS["irse50"].ends
    config = ArcFaceConfig(
        embedding_dim=shape_of(state, "output_layer.3.weight", 2, where)[0],
        stem=shape_of(state, "input_layer.0.weight", 4, where)[0],
        widths=tuple(shape_of(state, f"body.{end - 1}.res_layer.3.weight", 4, where)[0] for end in ends),
    )
    counters = [key.removesuffix("running_mean") + "num_batches_tracked" for key in state if key.endswith("running_mean")]
    part = Part(kind="arcface", config=config, state=state, fill=dict.fromkeys(counters, torch.zeros))
    return Plan(format="arcface", architecture="arcface", parts={"encoder": part})


ARCFACE = Format(name="arcface", detect=detect, read=read)
