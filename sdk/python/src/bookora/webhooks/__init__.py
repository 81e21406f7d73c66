"""Bookora."""
