"""How good, how certain, how robust, and why."""
