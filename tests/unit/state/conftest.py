"""Lets a failed assertion in the shared contract show its values, as in a test module."""

import pytest

pytest.register_assert_rewrite("tests.unit.state.contract")
