"""Probes of the doors share one stage a module."""

from tests.stage import stage, story

__all__ = ["stage", "story"]
