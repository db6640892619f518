"""A stored network predicts, with LiteRT."""
