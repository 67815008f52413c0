"""Figures of a study, drawn from scores: one module a kind."""
