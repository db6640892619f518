"""The parts of the Learn page: a lesson of seven steps."""
