"""Other programs: found, asked, run, ended."""
