"""What people write, as data: the profile, their settings."""
