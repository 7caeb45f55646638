"""Page: a picture of writing becomes lines, tables and cells; scan() is its door."""

from inkgrad.reader.page.scan import PageSettings, Scan, middle_of, scan, turned_by

__all__ = ["PageSettings", "Scan", "middle_of", "scan", "turned_by"]
