"""Readme: the page that a hub shows of a model, made from its card."""

from __future__ import annotations

import json
import re

from inkgrad.models.model import Model

MOST_LABELS = 50


def readme(model: Model, repo_id: str, license: str | None = None) -> str:
    """Return a README.md for the model on the Hugging Face hub as "user/name".

    It begins with the YAML that the hub wants (https://huggingface.co/docs/hub/model-cards): the library,
    tags, and the accuracy, where the card has one.  No licence stands there unless it is given.
    """
    name = repo_id.rpartition("/")[2]
    facts = "\n".join(f"- **{title}**: {text}" for title, text in model.card.lines().items() if title != "notes")
    labels = ", ".join(model.labels[:MOST_LABELS]) + (", ..." if len(model.labels) > MOST_LABELS else "")
    parts = [
        f"---\n{_front_matter(model, name, license)}---",
        f"# {name}",
        "A neural network made with inkgrad: `pip install 'inkgrad[hub]'`, then",
        f"```python\nfrom inkgrad.models import load_from_hub\n\nmodel = load_from_hub({json.dumps(repo_id)})\n```",
        "## What it is",
        f"- **inputs**: shape {model.input_shape}\n- **classes**: {labels}\n"
        f"- **parameters**: {model.theta.size}, {model.theta.dtype}\n- **network**: `{model.network}`",
        "## How it was made" if facts else "",
        facts,
        model.card.notes,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(model: Model, name: str, license: str | None) -> str:
    """Return YAML; its strings are written as JSON has them, which YAML reads alike."""
    card, task = model.card, "image-classification" if len(model.input_shape) == 3 else "tabular-classification"
    lines = ["library_name: inkgrad", "tags:", "- inkgrad", f"pipeline_tag: {task}"]
    if license is not None:
        lines.append(f"license: {_text(license)}")
    if card.accuracy is not None:
        lines += ["metrics:", "- accuracy"]
    if card.accuracy is not None and card.data:
        kind = re.sub(r"[^a-z0-9]+", "-", card.data.lower()).strip("-") or "data"
        lines += [
            "model-index:",
            f"- name: {_text(name)}",
            "  results:",
            "  - task:",
            f"      type: {task}",
            "    dataset:",
            f"      name: {_text(card.data)}",
            f"      type: {_text(kind)}",
            "      split: test",
            "    metrics:",
            "    - type: accuracy",
            f"      value: {card.accuracy:.6g}",
        ]
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
