"""Function spaces of kernels, in exact arithmetic."""
