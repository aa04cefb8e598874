"""Findings → plan: what is to be done."""
