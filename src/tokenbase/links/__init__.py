"""CSVs by link: an upload that the server does by itself, as a job. What reads a table is the uploader's."""
