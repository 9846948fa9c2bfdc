"""What people and machines are shown: one module a format, over the views in `view`.

A module here turns values into text. It decides nothing and reads nothing; `view` groups and
orders, so that every format tells the same story in the same order: what destroys comes first.
"""
