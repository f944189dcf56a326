"""The uploader: reads a token base from wherever it is, maps and checks it, and brings it to a server of the API."""
