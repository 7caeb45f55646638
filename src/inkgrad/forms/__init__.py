"""Forms: pages that were printed alike and filled in by hand become rows of a table."""

from inkgrad.forms.form import Field, PrintedForm, load_form
from inkgrad.forms.form_reader import SURE, FieldReading, FilledPage, FormReader
from inkgrad.forms.form_table import FormTally, form_files, write_forms
from inkgrad.forms.review import Question, Review

__all__ = [
    "SURE",
    "Field",
    "FieldReading",
    "FilledPage",
    "FormReader",
    "FormTally",
    "PrintedForm",
    "Question",
    "Review",
    "form_files",
    "load_form",
    "write_forms",
]
