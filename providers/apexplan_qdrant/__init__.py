"""Qdrant: collections with their vectors and quantization, payload indexes, aliases, and the copy of a
collection into a new one. A server over REST, or Qdrant Edge in the process.

    document   manifest text ↔ specs          (kind QdrantSchema)
    specs      what a collection, a payload index, an alias is, and how each field may change
    target     what both targets can do: `server` and `edge`
    read       target → live specs            normalize   desired specs → the server's spelling
    steps      changes → steps, pure          obstacles   what would fail, before it does
    run        steps → target
"""
