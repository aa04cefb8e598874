"""Decide: pure functions and frozen data. No clock, disk, process or environment."""
