"""The project file: its pydantic models, and the values that loading makes of it.

`ProjectFile` is the shape of `apexplan.yaml` and the source of its JSON
Schema. A store's block is open here: its fields belong to the provider, whose
settings model checks them once the provider is known.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from apexplan.model.diagnostics import Location
from apexplan.model.plan import HazardKind
from apexplan.model.waiver import Waiver

FILE_NAME = "apexplan.yaml"
DEFAULT_STATE_URL = "sqlite:///.apexplan/state.db"

NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]


@dataclass(frozen=True, slots=True)
class StoreBlock:
    """One store of the project. `settings` is an instance of the provider's settings model."""

    name: str
    provider: str
    settings: BaseModel = field(repr=False)
    where: Location


@dataclass(frozen=True, slots=True)
class Policy:
    """Hazards that need no flag, and hazards that no flag allows. `deny` wins."""

    allow: frozenset[HazardKind] = frozenset()
    deny: frozenset[HazardKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Project:
    """The project file for one environment ("" for none). `root` is absolute, every symlink followed.

    `secrets` are texts that must never be printed; see `secrets`.
    """

    name: str
    environment: str
    root: Path
    stores: Mapping[str, StoreBlock]
    state_url: str = field(repr=False)
    policy: Policy
    waivers: tuple[Waiver, ...]
    manifests: tuple[str, ...]
    secrets: frozenset[str] = field(repr=False)


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StoreEntry(_Block):
    """A store: its provider, and whatever that provider's settings are."""

    model_config = ConfigDict(extra="allow")

    provider: str = Field(description="The provider that speaks to this store, such as postgres.")


class StateEntry(_Block):
    """Where the record of owned objects is kept."""

    url: str | None = Field(
        None, description=f"sqlite:/// or postgresql:// URL of the state. {DEFAULT_STATE_URL} if left out."
    )


class PolicyEntry(_Block):
    """Hazards that are allowed without a flag, and hazards that are refused with one."""

    allow: list[HazardKind] = Field([], description="Hazards that need no --allow here.")
    deny: list[HazardKind] = Field([], description="Hazards that no --allow lets through. Wins over allow.")


class WaiverEntry(_Block):
    """A drift that someone accepted until a day."""

    address: str = Field(
        description="store.kind.name of the object that drifted.",
        pattern=r"^[A-Za-z_][A-Za-z0-9_-]*\.[A-Za-z_][A-Za-z0-9_-]*\..+$",
    )
    field: str | None = Field(None, description="The field that drifted; every field if left out.")
    owner: str = Field(min_length=1, description="Who accepted it.")
    reason: str = Field(min_length=1, description="Why it was accepted.")
    expires: datetime.date = Field(description="The last day on which it holds: YYYY-MM-DD.")


class EnvironmentEntry(_Block):
    """What is different in one environment: merged key by key over the rest of the file.

    A store that names another provider replaces the block instead.
    """

    stores: dict[Name, dict[str, Any]] = {}
    state: StateEntry = StateEntry(url=None)
    policy: PolicyEntry = PolicyEntry(allow=[], deny=[])


class ProjectFile(_Block):
    """The project file, apexplan.yaml."""

    version: Literal[1] = Field(description="Version of this file's format.")
    project: Name = Field(
        description="Name of the project; stands in plans, the state and the stores' marks."
    )
    stores: dict[Name, StoreEntry] = Field(
        description="The stores by the name that manifests and addresses use."
    )
    manifests: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="Paths or patterns of the manifests, relative to this file."
    )
    state: StateEntry = StateEntry(url=None)
    environments: dict[Name, EnvironmentEntry] = Field({}, description="What is different where.")
    policy: PolicyEntry = PolicyEntry(allow=[], deny=[])
    waivers: list[WaiverEntry] = Field([], description="Drifts that someone accepted.")
