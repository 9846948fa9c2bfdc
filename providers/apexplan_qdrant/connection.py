"""The store's block in the project file, and the way to its target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from apexplan_qdrant.target import Target

EDGE = "edge:"


class QdrantSettings(BaseModel):
    """`provider: qdrant`. A read-only key is enough for plan and drift."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(
        repr=False,
        description="http://… or https://… of a server, at port 6333 where none is named; or edge:DIRECTORY",
    )
    api_key: SecretStr | None = Field(default=None, description="sent as the header api-key")
    timeout_s: float = Field(default=30, gt=0, description="seconds that one request may take")
    settle_timeout_s: float = Field(
        default=600, gt=0, description="seconds that a rebuild may stand still before it counts as failed"
    )
    ca_file: str | None = Field(default=None, description="certificates to trust instead of the system's")

    @property
    def directory(self) -> str | None:
        """The directory of Edge, or None for a server."""
        return self.url.removeprefix(EDGE) if self.url.startswith(EDGE) else None

    def anchored(self, root: Path) -> QdrantSettings:
        """Returns the settings with the directory of Edge below the project's."""
        if self.directory is None:
            return self
        return self.model_copy(update={"url": f"{EDGE}{root / self.directory}"})


@contextmanager
def opened(store: str, settings: QdrantSettings) -> Iterator[Target]:
    """Gives the target of a store. Raises StoreUnreachable, AccessDenied or Unsupported."""
    target = _target(store, settings)
    try:
        yield target
    finally:
        target.close()


def _target(store: str, settings: QdrantSettings) -> Target:
    if settings.directory is not None:
        from apexplan_qdrant.edge import connect

        return connect(store, settings.directory)
    from apexplan_qdrant.server import connect as connect_server

    return connect_server(store, settings)
