"""Desired specs in the server's spelling. Nearly all of it is done where documents and answers are read,
into one canonical form; what is left is what only the live side can tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from apexplan.model.address import Address
from apexplan.model.spec import Spec
from apexplan.provider import Normal
from apexplan_qdrant.read.served import Served
from apexplan_qdrant.specs import Alias, Collection


def normalize(desired: Mapping[Address, Spec], who: Served) -> Normal:
    """Returns the specs, aliases with the name that their collection is known by; one that is declared by the
    name that they say is meant itself."""
    said = {address.name for address in desired if address.kind == Collection.kind}
    return Normal({address: _known(spec, who, said) for address, spec in desired.items()})


def _known(spec: Spec, who: Served, said: AbstractSet[str]) -> Spec:
    if not isinstance(spec, Alias) or spec.collection is None or spec.collection in said:
        return spec
    return spec.model_copy(update={"collection": who.names.get(spec.collection, spec.collection)})
