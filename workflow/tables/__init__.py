"""Tables of a study and of the claims, made from scores."""
