"""The specs of Redis's objects."""

from apexplan.model.spec import Spec
from apexplan_redis.specs.config import Config
from apexplan_redis.specs.index import SearchIndex
from apexplan_redis.specs.keyspace import Keyspace
from apexplan_redis.specs.library import Library
from apexplan_redis.specs.pattern import KeyPattern
from apexplan_redis.specs.stream import Group, Stream
from apexplan_redis.specs.user import User

ALL: tuple[type[Spec], ...] = (KeyPattern, Keyspace, Config, User, Library, Stream, Group, SearchIndex)

__all__ = ["ALL", "Config", "Group", "KeyPattern", "Keyspace", "Library", "SearchIndex", "Stream", "User"]
