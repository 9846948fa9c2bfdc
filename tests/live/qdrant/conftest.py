"""Fixtures of these tests."""

from .servers import server
from .spied import bench, double, double_bench, edge_bench

__all__ = ["bench", "double", "double_bench", "edge_bench", "server"]
