"""Every manifest in the guide loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qdrant_document_kit import check

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "qdrant-manifest.md"
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_manifest_of_the_guide_has_nothing_wrong_with_it(text: str) -> None:
    assert check(text).diagnostics == ()


def test_there_are_manifests_in_the_guide() -> None:
    assert len(EXAMPLES) > 5
