"""Show: text, progress and JSON, all renderings of the same report and events."""
