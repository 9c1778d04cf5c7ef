"""Slow families of tests: `make test` runs one representative of each, `make test-slow` the whole family."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

slow = pytest.mark.slow


def first_quick(members: Iterable[Any]) -> list[Any]:
    """Return parameters of which all but the first are slow."""
    first, *rest = members
    return [
        first,
        *(pytest.param(*(member if isinstance(member, tuple) else (member,)), marks=slow) for member in rest),
    ]
