"""Readers: the masks of the models that people have, by the library they come from."""
