"""The words of the project as frozen values: address, spec, change, step, plan, diagnostic, error.

Nothing here reads, writes or prints.
"""
