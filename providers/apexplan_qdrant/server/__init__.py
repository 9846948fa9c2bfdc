"""A Qdrant server over REST.

    target      the `Target`: one method a request
      points    points in and out, in bodies that the server takes
      waiting   what a collection is doing, and the wait until nothing is left to build
      telemetry what segments are really built with
      examine   what `doctor` tells
      versions  which server knows which setting
    client      one request, one JSON answer
      endpoint  the URL, taken apart
      errors    statuses and broken connections → our errors

Nothing is tried twice here: who asks knows whether that is safe.
"""

from apexplan_qdrant.server.target import ServerTarget, connect

__all__ = ["ServerTarget", "connect"]
