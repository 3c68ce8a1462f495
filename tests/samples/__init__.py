"""The generator of the sample pictures: noise, ray casting and plain geometry from fixed seeds; numpy and pyvips."""
