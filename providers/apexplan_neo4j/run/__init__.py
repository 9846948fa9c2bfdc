"""Carries steps out and says what the database makes of them.

    make, drop             in groups: one transaction with the revision marker     `batch`
    migrate, migrate back  a script, statement by statement as it can be           `migration`
    mark, unmark           the ledger alone                                        `migration`

`lock` keeps other applies out, `watchdog` ends what would wait for ever, `population` waits for
ONLINE, `rehearsal` tries and takes back, `ledger` keeps the marks of ownership.
"""
