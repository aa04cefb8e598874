"""Carry a plan out, step by step."""
