from pathlib import Path

import pytest


@pytest.fixture
def shared() -> Path:
    folder = Path(__file__).parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared data is not beside this checkout")
    return folder
