"""Structured pruning: whole channels, heads and units are cut, and the model is built smaller."""
