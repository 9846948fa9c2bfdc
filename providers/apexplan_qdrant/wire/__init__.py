"""Qdrant's JSON ↔ specs. Pure, and the only place that knows how the server spells things.

    GET /collections/NAME ── collection, payload_index ── values of specs
                                     │
                             places, quantization
                                     │
    PUT, PATCH            ──      bodies, payload_index ── values of specs

`places` is the one table from a field to where it stands in what is read, created and changed.
"""
