"""Segments: named sets of contacts. Static ones are lists, dynamic ones are conditions that are asked each time."""
