"""What the runs of a study left: their scores, records and episodes."""
