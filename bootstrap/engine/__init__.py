"""Put the rooms that do things to work: observe, execute, prove."""
