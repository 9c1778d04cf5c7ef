"""Measurements beside other programs, as ratios: `make bench`. A module a topic, each with `report() -> str`."""
