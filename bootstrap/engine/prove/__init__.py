"""Pass the gates against a cluster."""
