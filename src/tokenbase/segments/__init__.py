"""Segments: named sets of contacts. Static ones are lists, that contacts are put into and taken out of by hand."""
