"""The store's block in the project file, and the way to its servers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr

if TYPE_CHECKING:
    from apexplan_redis.server import Servers


class RedisSettings(BaseModel):
    """`provider: redis`. For `plan` and `drift` a user that may read configuration and ACLs is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(
        repr=False,
        description="redis://HOST:PORT/DB, rediss:// with TLS, unix://PATH?db=DB, "
        "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB, redis+cluster://HOST:PORT,HOST:PORT "
        "(rediss+sentinel, rediss+cluster: with TLS)",
    )
    username: str | None = Field(default=None, description="ACL user; where left out, the one in the URL")
    password: SecretStr | None = Field(default=None, description="where left out, the one in the URL")
    replica_url: str | None = Field(
        default=None,
        repr=False,
        description="a replica that audits read instead of the primary; sentinels and clusters know theirs",
    )
    sentinel_username: str | None = None
    sentinel_password: SecretStr | None = None
    ca_file: str | None = Field(default=None, description="certificates to trust instead of the system's")
    cert_file: str | None = Field(default=None, description="the client's certificate")
    key_file: str | None = Field(default=None, description="the key of the client's certificate")
    timeout_s: float = Field(default=10, gt=0, description="seconds that one command may take")
    passwords: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="name → password, for `passwords` of ACL users, which name it; only hashes leave here",
    )
    persist: bool = Field(
        default=True,
        description="after changes, write the configuration file (CONFIG REWRITE) and the ACL file (ACL "
        "SAVE) of servers that have one",
    )
    audit_rate: int = Field(
        default=50_000, ge=0, description="keys a second that an audit reads at most; 0: as fast as it can"
    )

    @property
    def password_hash(self) -> str | None:
        """What a server keeps of the password that we come in with, None where there is none."""
        from apexplan_redis.server.url import parsed

        secret = self.password.get_secret_value() if self.password else parsed(self.url, "").password
        return hashlib.sha256(secret.encode()).hexdigest() if secret else None


@contextmanager
def opened(store: str, settings: RedisSettings) -> Iterator[Servers]:
    """Gives the servers of a store. Raises StoreUnreachable, AccessDenied or Unsupported."""
    from apexplan_redis.server import connect

    servers = connect(store, settings)
    try:
        yield servers
    finally:
        servers.close()
