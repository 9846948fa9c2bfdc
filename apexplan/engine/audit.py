"""Audits: the data of stores against the contract that is declared or recorded. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from apexplan.engine.survey import OpenStore
from apexplan.model.address import Address
from apexplan.model.audit import Audit
from apexplan.model.change import Declared, Recorded
from apexplan.model.spec import Spec
from apexplan.provider import Auditable, AuditOptions, Provider, Watch

Contracts = Mapping[str, Mapping[Address, Spec]]
"""What is said of each store."""


def declared(objects: Mapping[Address, Declared]) -> Contracts:
    """Returns the contracts that manifests declare."""
    return _by_store((address, one.spec) for address, one in objects.items())


def recorded(objects: Mapping[Address, Recorded], stores: Mapping[str, OpenStore]) -> Contracts:
    """Returns the contracts that the last apply left in the state."""
    return _by_store(
        (address, spec)
        for address, one in objects.items()
        if address.store in stores and (spec := _spec(one, stores[address.store].provider)) is not None
    )


def auditable(stores: Mapping[str, OpenStore]) -> list[str]:
    """Returns the names of the stores whose data can be audited."""
    return [name for name, store in stores.items() if isinstance(store.session, Auditable)]


def audit(
    stores: Mapping[str, OpenStore], contracts: Contracts, options: Mapping[str, AuditOptions], watch: Watch
) -> Sequence[Audit]:
    """Audits the stores of `options`, one after the other: each may take all that its pace allows. What is
    read afterwards in the same sessions speaks of what was found."""
    found = []
    for name, how in options.items():
        session = stores[name].session
        assert isinstance(session, Auditable)
        found.append(session.audit(contracts.get(name, {}), how, watch))
    return found


def _by_store(objects: Iterable[tuple[Address, Spec]]) -> Contracts:
    found: dict[str, dict[Address, Spec]] = {}
    for address, spec in objects:
        found.setdefault(address.store, {})[address] = spec
    return found


def _spec(recorded: Recorded, provider: Provider) -> Spec | None:
    kind = next((spec for spec in provider.specs if spec.kind == recorded.address.kind), None)
    return kind.model_validate(dict(recorded.values)) if kind is not None else None
