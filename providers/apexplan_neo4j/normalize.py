"""Desired specs in the server's own spelling. Pure: manifests are read into it already.

What the server fills in (the options of an index that a manifest leaves out) is not managed, the
similarity function is read in lower case, and `document.property_types` spells types as the
server does. So there is nothing to ask, and nothing that could not be proven equal.
"""

from __future__ import annotations

from collections.abc import Mapping

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Normal


def normalize(desired: Mapping[Address, Spec]) -> Normal:
    """Returns the specs as they are: expanding a document spelled them as the server does."""
    return Normal(desired)
