"""The gates that use the cluster, as people do."""
