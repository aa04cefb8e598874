"""Join: one file per command. Each reads like a table of contents and decides nothing."""
