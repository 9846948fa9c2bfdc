"""What a server says of a parameter that it refuses: the name and the reason are told, the value is not."""

from __future__ import annotations

import pytest

from apexplan_redis.errors import clean

SAID = "CONFIG SET failed (possibly related to argument 'lfu-log-factor') - "


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("argument couldn't be parsed into an integer", "argument couldn't be parsed into an integer"),
        ("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.", "Invalid event class character. Use '…'."),
        ("cannot take 'a 'secret' value'", "cannot take '…'"),
    ],
)
def test_the_parameter_is_named_and_what_is_quoted_of_it_is_not(why: str, told: str) -> None:
    assert clean(SAID + why) == SAID + told
