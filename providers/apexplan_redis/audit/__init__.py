"""One pass over all keys, against the contract.

    whole      every server in turn, the checkpoint, the report's frame
    walk       one server: send, judge while it works, read
    inquiry    what is asked about keys, and what follows from answers
    batch      keys from SCAN to their commit, a second later where there is doubt
    rules      what a contract says → commands and judgements     values    JSON Schema, and which values
    commands   packed by hand                                     course    cursors: all keys, or a sample
    tally      what was counted                                   progress  the same, kept to go on from
    report     what was counted → words                           hits      what the audit did to the hit rate
    pace       keys a second                                      patience  what passes by itself

Memory is bounded: of keys only those of a few batches are held, and doubtful ones for a second. What was seen
is not remembered, so a key that SCAN repeats is counted again; it does so only while a table is resized.
"""

from apexplan_redis.audit.whole import Audited, audit

__all__ = ["Audited", "audit"]
