"""What came of a run, and what of it counts later."""
