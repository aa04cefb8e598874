"""The API server of one cluster: how it is reached, asked, and read."""
