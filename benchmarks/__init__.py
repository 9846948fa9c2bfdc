"""Measurements beside rivals in one run. Nothing here is a test: benchmarks measure, tests assert.

python -m benchmarks                 all of them, as the Markdown of docs/benchmarks.md
python -m benchmarks startup engine  some of them
"""
