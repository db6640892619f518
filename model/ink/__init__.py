"""Strokes and photos become the 28x28 image that MNIST would show."""
