"""Versioned scripts that run once: their files, their statements, and what became of them in a store.

    files ── pairs, versions ──▶ scripts ── Dialect.split ──▶ statements ──▶ Migration specs

A store's language is a `Dialect` of its provider; everything else is the same for all stores.
"""
