"""Checks a workflow in API format as ComfyUI does, and runs it without a server."""

import run_locally


def check(pack, workflow):
    """What ComfyUI checks before it runs anything; gives complaints."""
    problems = []
    for key, node in workflow.items():
        kind, inputs = node["class_type"], node["inputs"]
        if kind not in pack.NODE_CLASS_MAPPINGS:
            assert kind in run_locally.CORE, kind
            continue
        owner = pack.NODE_CLASS_MAPPINGS[kind]
        types = owner.INPUT_TYPES()
        known = {**types["required"], **types.get("optional", {})}
        problems += [f"{key} {kind}: {name} is missing" for name in types["required"] if name not in inputs]
        problems += [f"{key} {kind}: {name} is unknown" for name in inputs if name not in known]
        problems += [
            text for name, value in inputs.items() if (text := _wrong(pack, workflow, owner, known[name], name, value))
        ]
    return problems


def _wrong(pack, workflow, owner, declared, name, value):
    kind, facts = declared
    if isinstance(value, list):
        source = workflow[value[0]]["class_type"]
        if source in pack.NODE_CLASS_MAPPINGS:
            given = pack.NODE_CLASS_MAPPINGS[source].RETURN_TYPES[value[1]]
            return None if given == kind else f"{name} takes {kind}, not {given}"
        return None
    if isinstance(kind, list):
        free = hasattr(owner, "VALIDATE_INPUTS")
        return None if free or value in kind else f"{name}: {value} is none of {kind}"
    if kind in ("INT", "FLOAT"):
        return None if facts["min"] <= value <= facts["max"] else f"{name}: {value} is out of range"
    return None


def execute(pack, workflow, changes=None):
    """Run a workflow; gives the outputs of all its nodes by number.

    Args:
        changes: values for widgets by node id, such as fewer steps.
    """
    done = run_locally.execute(pack.NODE_CLASS_MAPPINGS, workflow, changes)
    for key, node in workflow.items():
        if node["class_type"] in ("SaveImage", "PreviewImage", "SaveVideo"):
            (images,) = done[key]
            assert images.ndim == 4
            assert images.shape[-1] == 3
            assert images.isfinite().all()
            assert node["class_type"] != "SaveVideo" or (len(images) > 1 and images.std() > 5 / 255)
    return done
