"""Functions compiled to machine code: made by Numba once a machine, kept on disk, loaded by LLVM alone."""
