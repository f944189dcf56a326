"""Work in the background: a queue in the database, and the threads of a server that work it off."""
