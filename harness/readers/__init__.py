"""Annotators: finding their labels, how far they agree, where they differ."""
