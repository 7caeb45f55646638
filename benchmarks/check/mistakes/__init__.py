"""Functions with backward passes by hand, and mistakes that people make in them: a file for a library and a theme."""
