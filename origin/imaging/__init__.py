"""Pixels: source bytes and a recipe in, an encoded variant out. The only room that knows pyvips.

`pool` is what the house asks for; `children` or `native` answers. In a child, `child` runs `pipeline`.
"""
