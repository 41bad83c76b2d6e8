#!/bin/sh
# Give the Python named first a PyTorch, unless it has one: the small CPU build where there is no NVIDIA GPU.
#
# The version is the one that this project is tested with; the package itself takes any from 2.7 on.
set -eu
python="$1"
version=2.13.0

if "$python" -c 'import torch' 2>/dev/null; then
    exit 0
fi
if [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then
    exec "$python" -m pip install --quiet --retries 1 --timeout 20 \
        --extra-index-url https://download.pytorch.org/whl/cpu "torch==$version"
fi
exec "$python" -m pip install --quiet "torch==$version"
