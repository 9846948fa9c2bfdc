"""Invalidation by events: from a contract's events, a Redis function library and a Python client are made.

    reader                      Redis                          writer
      │  get ──────────────────▶ miss                            │
      │  begin ────────────────▶ token = clock                   │
      │  reads the source                                        │  changes the source
      │                          version of the tag = clock ◀────│  event
      │                          entries unlinked, outbox, hint  │
      │  populate ─────────────▶ version > token: refused        │

An entry carries the token of the read that it was made from, and is served only while no event since then
named it: whatever is lost to eviction, races or a crashed reader costs a miss, never gives a stale value.
Unlinking only frees memory early.

`model` says what a contract's events are, `mistakes` what is wrong with one, `library` writes the Lua text,
`client` the Python module. All are pure. `runtime.lua` is the library's constant part, `client_runtime.py`
that of the module; the latter is read as text here and never imported.

Limits. An event is to be sent after the change is committed. A reader that takes the value out of an entry's
hash itself, past `get`, sees what was not unlinked yet. A replica knows an event when it is replicated. A
server that comes back from a snapshot, or a replica that takes over, may have lost the last events, and then
serves what they made stale: to delete the hashes of versions makes all entries stale, and is the cure. Should
the clock's key be lost and the server's time be set back as well, tokens from before that are above versions
from after it, until the time is made up for.

Cluster. All keys of a library are in one slot, so its prefix and the patterns of its entries have the same
hash tag, such as `{apex}:`. The key that a call is about is passed as a key; tag sets, versions and entries
found in them are computed inside and lie in the same slot.
"""
