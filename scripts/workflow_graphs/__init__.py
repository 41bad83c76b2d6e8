"""The workflows that ship, as graphs of nodes, and the two forms in which ComfyUI reads them.

`graph` says what a graph is, `library` knows the sockets and widgets of its nodes, `api_form` and `page_form` write it down.
`items` makes the nodes that many workflows share; the graphs themselves are in `styles`, `faces`, `films` and `methods`.
"""

from .api_form import api_form
from .faces import FACES
from .films import FILMS
from .graph import Graph, Item, Wire
from .methods import METHODS
from .node_library import PACK, ROOT, Library, load_pack
from .page_form import page_form
from .styles import STYLES

__all__ = ["PACK", "ROOT", "Graph", "Item", "Library", "Wire", "api_form", "graphs", "load_pack", "page_form"]


def graphs() -> list[Graph]:
    """Every workflow."""
    return [make() for make in (*STYLES, *FACES, *FILMS, *METHODS)]
