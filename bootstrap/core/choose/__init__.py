"""What a run will work with: each tool that is there, or where the missing one comes from."""
