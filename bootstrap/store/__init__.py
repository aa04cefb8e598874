"""Where kboot keeps what it installed: download, verify, unpack, commit, link, lock."""
