"""What a fake store holds, and how a manifest declares it: boxes.

kind: FakeSchema
store: shelf
boxes:
  red: {color: red, size: 3, needs: [blue]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from apexplan.model.address import Address
from apexplan.model.change import Declared, Lifecycle
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import IN_PLACE, REPLACE, OnChange, Spec
from apexplan.provider import Expansion

Values = dict[str, Any]


class Box(Spec):
    """One object of the fake store."""

    kind: ClassVar[str] = "box"

    color: Annotated[str | None, OnChange(IN_PLACE, "a box can be painted over")] = None
    size: Annotated[int | None, OnChange(REPLACE, "a box keeps the size that it was made with")] = None
    needs: Annotated[tuple[str, ...] | None, OnChange(IN_PLACE)] = None
    tags: Annotated[dict[str, str] | None, OnChange(IN_PLACE)] = None

    def requires(self, address: Address) -> frozenset[Address]:
        return frozenset(Address(address.store, "box", name) for name in self.needs or ())

    def claims(self, address: Address) -> frozenset[str]:
        return frozenset({f"box {address.name}"})


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class FakeLifecycle(_Document):
    """See `model.change.Lifecycle`."""

    protect: bool = False
    ignore: list[str] = []
    renamed_from: str | None = None


class FakeBox(_Document):
    """A box as a manifest declares it."""

    color: str | None = None
    size: int | None = None
    needs: list[str] | None = None
    tags: dict[str, str] | None = None
    lifecycle: FakeLifecycle | None = None


class FakeSchema(_Document):
    """The boxes of one fake store."""

    kind: Literal["FakeSchema"]
    store: str
    boxes: dict[str, FakeBox] = {}


class FakeKind:
    """The manifest kind FakeSchema."""

    name = "FakeSchema"
    document: type[BaseModel] = FakeSchema

    def expand(self, document: BaseModel) -> Expansion:
        assert isinstance(document, FakeSchema)
        declared: list[Declared] = []
        problems: list[Problem] = []
        for name, box in document.boxes.items():
            path = ("boxes", name)
            if box.size is not None and box.size < 1:
                problems.append(
                    Problem("bad-size", (*path, "size"), "a size is at least 1", f"{box.size}", mend="use 1")
                )
                continue
            given = box.lifecycle or FakeLifecycle()
            lifecycle = Lifecycle(given.protect, frozenset(given.ignore), given.renamed_from)
            spec = Box.model_validate(box.model_dump(exclude={"lifecycle"}, exclude_unset=True))
            declared.append(Declared(Address(document.store, "box", name), spec, path, lifecycle))
        return Expansion(tuple(declared), tuple(problems))

    def collapse(self, store: str, objects: Mapping[Address, Spec]) -> Values:
        boxes = {a.name: spec.values() for a, spec in sorted(objects.items())}
        return {"kind": self.name, "store": store, "boxes": boxes}
