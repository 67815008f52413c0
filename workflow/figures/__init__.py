"""Figures of a study: one module a kind (kinds.py), entries of a config (entries.py), style and panels beside."""
