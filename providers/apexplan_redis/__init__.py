"""Redis: key patterns and their audit, repairs, configuration, ACL users, function libraries, streams, search
indexes, and a function library that makes cached values stale by events.

    specs  document ─▶ steps ─▶ run         what a contract says, and how it gets into a server
    patterns                                names of keys: text, regex, glob, overlap, guess
    read   normalize   obstacles            what a server has, and in which spelling
    audit                                   one pass over all keys, against the contract
    invalidation                            from events to Lua and to a client
    server                                  one server, sentinels, a cluster; errors
"""
