"""What a column gives back as it was said is kept; a fifth decimal is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.kit.bounds import MOST, keepable


@pytest.mark.parametrize("text", ["0", "-3.5", "9.9000", "1e3", "7.50000000", str(MOST)])
def test_kept(text: str) -> None:
    assert keepable(Decimal(text))


@pytest.mark.parametrize("text", ["0.00001", "9.90005", "NaN", "Infinity", "1e14", "-1e40", "0.1234567"])
def test_not_kept(text: str) -> None:
    assert not keepable(Decimal(text))
