"""Turn strokes and photos into 28x28 images like those of MNIST."""
