"""Fixtures of these tests."""

from .servers import server

__all__ = ["server"]
