"""Where source images come from: the web, a directory. Bytes in, within limits, from allowed places only."""
