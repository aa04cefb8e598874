"""Findings → plan: what is to be done, and what its end means."""
