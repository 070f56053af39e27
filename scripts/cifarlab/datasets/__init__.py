"""CIFAR-100 and data sets of its form: read, made, kept and loaded."""
