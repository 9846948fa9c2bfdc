from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_kit import Shop

from apexplan.cli import output


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A fresh project; what its commands learnt to mask is forgotten afterwards."""
    known, pattern = output.REDACTOR._known, output.REDACTOR._pattern
    yield Shop(tmp_path)
    output.REDACTOR._known, output.REDACTOR._pattern = known, pattern
