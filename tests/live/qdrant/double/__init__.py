"""A stateful double of Qdrant's REST interface, for tests where no Qdrant can be had.

It is held to exchanges that were recorded from Qdrant 1.16.3, above all where the server surprises: keys that
it drops without a word, a PATCH that is half applied, null that means "unchanged", aliases that shadow
collections, texts of errors. It does not search, takes no snapshots, has no cluster and no limits of memory
or time; what it does not know it refuses with 501 rather than guess.

    server              HTTP, hooks for tests
      routes            the table of endpoints
        store           collections and aliases
          collection    one collection: config, indexes, points (vectors, filters), strict_mode
            segments    what is built, and when; telemetry shows it
    bodies              types of request bodies, made of kinds; reading gives JSON with places
"""

from .server import Double, Request
from .settings import Settings

__all__ = ["Double", "Request", "Settings"]
