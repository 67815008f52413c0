"""One run: its spec, the context that its method gets, its record, and the command line (`python -m marvel.run`)."""
