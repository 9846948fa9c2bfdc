"""The specs of Qdrant's objects."""

from apexplan.model.spec import Spec
from apexplan_qdrant.specs.alias import Alias
from apexplan_qdrant.specs.collection import Collection
from apexplan_qdrant.specs.payload_index import PayloadIndex
from apexplan_qdrant.specs.retained import Retained

ALL: tuple[type[Spec], ...] = (Collection, PayloadIndex, Alias, Retained)

__all__ = ["ALL", "Alias", "Collection", "PayloadIndex", "Retained"]
