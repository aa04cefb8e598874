"""Plain values as tools and people write them, and how they are kept."""
