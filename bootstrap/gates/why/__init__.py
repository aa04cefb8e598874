"""Why something that a gate made does not come, and whether it still may."""
