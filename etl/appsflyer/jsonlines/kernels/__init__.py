"""What is compiled: imported only where no machine code of it is at hand, since Numba takes long to import."""
