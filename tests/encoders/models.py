"""Small models of other packages, for tests."""

from pathlib import Path

import numpy as np
import pytest


def save_model2vec(folder: Path) -> Path:
    """Save a model2vec model of the words "kite" and "river"; skip the test without model2vec."""
    model2vec = pytest.importorskip("model2vec")
    tokenizers = pytest.importorskip("tokenizers")
    words = {"[UNK]": 0, "[PAD]": 1, "kite": 2, "river": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    table = np.asarray([[0, 0, 0], [0, 0, 0], [3, 4, 0], [0, 0, 2]], dtype=np.float32)
    model2vec.StaticModel(vectors=table, tokenizer=tokenizer).save_pretrained(folder / "model")
    return folder / "model"
