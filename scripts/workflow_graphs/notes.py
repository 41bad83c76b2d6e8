"""The notes that stand beside the graphs, in Markdown."""

OWN_PICTURES = "Replace **Example Picture** by **Load Image** for your own."

WEIGHTS = """
## With published weights
The models that ship are small, and what they draw is soft. For sharp pictures put a StyleGAN2 checkpoint with its
discriminator (`stylegan2-ffhq-config-f.pt` or NVIDIA's `.pkl`) and an encoder (`e4e_ffhq_encode.pt`) into
`ComfyUI/models/pastiche`, press **R**, choose the first in **Load StyleGAN**, add **Load Face Encoder** with the second and
connect it to every **encoder** input. **Tune to Face** takes longer there: without it, disconnect **person** from **Stylize**.
""".strip()


PUBLISHED = """
## With published weights
The bundled model is small and was trained on painted portraits. For photographs put the authors' `{model}` and
`{encoder}` into `ComfyUI/models/pastiche`, press **R**, choose the first in **Load StyleGAN**, add **Load Face
Encoder** with the second and connect it to every **encoder** input. Tuning takes longer there: disconnect **person** from
**Stylize** to draw without it.
""".strip()


def note(title: str, text: str, weights: str = WEIGHTS) -> str:
    """A note, and how to use published weights."""
    return f"# {title}\n{text}\n\n{weights}"
