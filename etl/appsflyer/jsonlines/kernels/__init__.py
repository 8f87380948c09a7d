"""What is compiled; imported only where its machine code is not at hand, as Numba takes long to import."""
