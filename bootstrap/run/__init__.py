"""What commands are joined from: the session, looking, carrying out, proving."""
