"""The parts of the Home page and of the Glossary page."""
