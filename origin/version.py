"""The version of blendBeat, readable without importing anything heavy."""

VERSION = "0.1.0"
