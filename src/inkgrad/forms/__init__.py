"""Forms: pages that were printed alike and filled in by hand become rows of a table."""

from inkgrad.forms.form import Field, PrintedForm, load_form
from inkgrad.forms.form_reader import SURE, FieldReading, FilledPage, FormReader
from inkgrad.forms.form_table import FormTally, FormWriter, form_files
from inkgrad.forms.proposal import as_toml, draw_fields, propose_fields
from inkgrad.forms.review import Question, Review

__all__ = [
    "SURE",
    "Field",
    "FieldReading",
    "FilledPage",
    "FormReader",
    "FormTally",
    "FormWriter",
    "PrintedForm",
    "Question",
    "Review",
    "as_toml",
    "draw_fields",
    "form_files",
    "load_form",
    "propose_fields",
]
