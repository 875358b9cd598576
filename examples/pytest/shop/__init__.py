"""A small shop, so that there is something to test."""
