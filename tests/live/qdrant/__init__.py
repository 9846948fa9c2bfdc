"""Tests of what rests on Qdrant's REST interface, against a double of it."""
