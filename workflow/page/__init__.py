"""The study's page: one file with every number of the study, each with where it comes from."""
