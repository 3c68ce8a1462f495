"""Pixels: source bytes and a recipe in, an encoded variant out. The only room that knows pyvips."""
