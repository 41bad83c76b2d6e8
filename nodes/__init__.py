"""The nodes. Their ids are stable, because saved workflows use them. The engine is imported when a node first needs it."""

from . import comfy
from .draw import Interpolate, Stylize, SwapLayers
from .edit import EditDirection, EditFace, FindDirections, TransferRegion
from .faces import AlignFaces, ExamplePicture, PasteFaces
from .files import LoadLatent, LoadStyle, SaveLatent, SaveStyle
from .invert import GenerateFaces, InvertFace
from .learn import FinetuneOneShot
from .load import LoadFaceEncoder, LoadIdentityNetwork, LoadStyleEncoder, LoadStyleGAN, ModelInfo
from .node import Node
from .options import OneShotOptions
from .pretrained_styles import AttributeStyle, BlendStyle, DualStyleTransfer
from .train_style import TrainStyle
from .tune import TuneToFace
from .video import DriveFace, StylizeVideo

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

NODE_CLASS_MAPPINGS: dict[str, type[Node]] = {
    "PasticheLoadStyleGAN": LoadStyleGAN,
    "PasticheLoadFaceEncoder": LoadFaceEncoder,
    "PasticheLoadStyleEncoder": LoadStyleEncoder,
    "PasticheLoadIdentityNetwork": LoadIdentityNetwork,
    "PasticheExamplePicture": ExamplePicture,
    "PasticheAlignFaces": AlignFaces,
    "PasticheInvertFace": InvertFace,
    "PasticheTuneToFace": TuneToFace,
    "PasticheGenerateFaces": GenerateFaces,
    "PasticheEditFace": EditFace,
    "PasticheEditDirection": EditDirection,
    "PasticheTransferRegion": TransferRegion,
    "PasticheFindDirections": FindDirections,
    "PasticheFinetuneOneShot": FinetuneOneShot,
    "PasticheOneShotOptions": OneShotOptions,
    "PasticheTrainStyle": TrainStyle,
    "PasticheBlendStyle": BlendStyle,
    "PasticheDualStyleTransfer": DualStyleTransfer,
    "PasticheAttributeStyle": AttributeStyle,
    "PasticheStylize": Stylize,
    "PasticheStylizeVideo": StylizeVideo,
    "PasticheDriveFace": DriveFace,
    "PasticheInterpolate": Interpolate,
    "PasticheSwapLayers": SwapLayers,
    "PastichePasteFaces": PasteFaces,
    "PasticheSaveStyle": SaveStyle,
    "PasticheLoadStyle": LoadStyle,
    "PasticheSaveLatent": SaveLatent,
    "PasticheLoadLatent": LoadLatent,
    "PasticheModelInfo": ModelInfo,
}

NODE_DISPLAY_NAME_MAPPINGS = {
    "PasticheLoadStyleGAN": "Load StyleGAN",
    "PasticheLoadFaceEncoder": "Load Face Encoder",
    "PasticheLoadStyleEncoder": "Load Style Encoder",
    "PasticheLoadIdentityNetwork": "Load Identity Network",
    "PasticheExamplePicture": "Example Picture",
    "PasticheAlignFaces": "Align Faces",
    "PasticheInvertFace": "Invert Face",
    "PasticheTuneToFace": "Tune to Face",
    "PasticheGenerateFaces": "Generate Faces",
    "PasticheEditFace": "Edit Face",
    "PasticheEditDirection": "Edit Direction",
    "PasticheTransferRegion": "Transfer Region",
    "PasticheFindDirections": "Find Directions",
    "PasticheFinetuneOneShot": "Finetune One-Shot",
    "PasticheOneShotOptions": "One-Shot Options",
    "PasticheTrainStyle": "Train Style",
    "PasticheBlendStyle": "Blend Style",
    "PasticheDualStyleTransfer": "Dual Style Transfer",
    "PasticheAttributeStyle": "Attribute Style",
    "PasticheStylize": "Stylize",
    "PasticheStylizeVideo": "Stylize Video",
    "PasticheDriveFace": "Drive Face",
    "PasticheInterpolate": "Interpolate",
    "PasticheSwapLayers": "Swap Layers",
    "PastichePasteFaces": "Paste Faces",
    "PasticheSaveStyle": "Save Style",
    "PasticheLoadStyle": "Load Style",
    "PasticheSaveLatent": "Save Latent",
    "PasticheLoadLatent": "Load Latent",
    "PasticheModelInfo": "Model Info",
}

comfy.register_folders()
