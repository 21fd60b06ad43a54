"""A folder of small sets with a store beside it."""

import pytest
from kits.sweeps import Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
