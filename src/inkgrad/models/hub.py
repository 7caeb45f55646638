"""Hub: models to and from the Hugging Face hub; needs the extra inkgrad[hub]."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inkgrad.costs import Cost
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.extras import extra
from inkgrad.layers import Layer
from inkgrad.models.model import Model, load
from inkgrad.saving import one_line, quoted

MODEL_FILE = "model.safetensors"


def push_to_hub(
    model: Model,
    repo_id: str,
    *,
    token: str | None = None,
    private: bool | None = None,
    message: str = "Upload an inkgrad model",
    license: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Put a model on the hub as "user/name", in one commit with a README.md made of its card; return its address.

    The repository is made where there is none, `private` or not; where there is one, both files take the
    place of older ones.  Without a `token` it is the one that `hf auth login` has stored.  `license` is a word of
    https://huggingface.co/docs/hub/repositories-licenses; none is said unless you say it.
    `endpoint` is the address of another hub.

    Raises SettingError for a name that is not "user/name", a token that may not write, and where the hub cannot be
    reached or huggingface_hub is not installed; ModelFileError for a model that cannot be saved.
    """
    hub = _huggingface_hub()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MODEL_FILE
        model.save(path)
        page = readme(model, repo_id, license).encode()
        files = [hub.CommitOperationAdd(MODEL_FILE, str(path)), hub.CommitOperationAdd("README.md", page)]
        with _blaming(hub.errors, repo_id):
            api = hub.HfApi(endpoint=endpoint, token=token, library_name="inkgrad")
            address = api.create_repo(repo_id, private=private, exist_ok=True)
            api.create_commit(repo_id, files, commit_message=message)
    return str(address)


def load_from_hub(
    repo_id: str,
    *,
    revision: str | None = None,
    token: str | None = None,
    file: str = MODEL_FILE,
    cache_dir: str | os.PathLike[str] | None = None,
    endpoint: str | None = None,
    layers: Iterable[type[Layer]] = (),
    costs: Iterable[type[Cost]] = (),
) -> Model:
    """Return the model "user/name" of the hub, as it stands or at a `revision`: a branch, a tag, or a commit.

    What has been loaded stays in `cache_dir`, or where huggingface_hub keeps its files, and is used again,
    also where there is no network.  A commit's whole name as the revision makes sure that it is always the same
    model.  `layers` and `costs` are your own classes, as for inkgrad.load, which is as careful with this file
    as with any other.

    Raises ModelFileError where there is no such model, revision or file, it cannot be reached, or is not from inkgrad;
    SettingError for a name that is not "user/name", and where huggingface_hub is not installed.
    """
    hub = _huggingface_hub()
    with _blaming(hub.errors, repo_id, file=file, revision=revision):
        path = hub.hf_hub_download(
            repo_id,
            file,
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            endpoint=endpoint,
            library_name="inkgrad",
        )
    return load(path, layers, costs)


def _huggingface_hub() -> Any:
    with extra("hub", "the hub needs"):
        import huggingface_hub.errors
    return huggingface_hub


@contextmanager
def _blaming(errors: Any, repo_id: str, file: str | None = None, revision: str | None = None) -> Iterator[None]:
    """Say in one line what went wrong on the way to the hub, or back with a file."""
    writing = file is None
    wrong = SettingError if writing else ModelFileError
    try:
        yield
    except errors.HFValidationError as error:
        raise SettingError(f"a model on the hub is named user/name, got {repo_id!r}") from error
    except errors.RevisionNotFoundError as error:
        raise wrong(
            f"{repo_id} has no revision {quoted(revision)} on the hub: name a branch, a tag or a commit"
        ) from error
    except errors.RemoteEntryNotFoundError as error:
        raise wrong(f"{repo_id} is on the hub, but has no {quoted(file)}: is it an inkgrad model?") from error
    except errors.HTTPError as error:  # of whichever HTTP library it uses
        raise wrong(_told(error, repo_id, writing)) from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        before = "" if writing else ", which was not loaded before"
        raise wrong(f"the hub cannot be reached for {repo_id}{before}: are you online?") from error
    except (ValueError, RuntimeError) as error:  # a README that it does not take, an upload that broke off
        raise wrong(f"the hub refused {repo_id}: {one_line(error)}") from error


def _told(error: Any, repo_id: str, writing: bool) -> str:
    status = error.response.status_code if hasattr(error, "response") else None
    if status is None:
        return f"the hub cannot be reached for {repo_id}: are you online? ({one_line(error)})"
    if status not in (401, 403, 404):
        return f"the hub refused {repo_id}: {one_line(error)}"
    if writing:
        return (
            f"the hub does not let you write {repo_id} (status {status}): log in with `hf auth login`, "
            "or give a token that may write there"
        )
    return f"the hub shows you no {repo_id} (status {status}): is the name right, or is it private and needs a token?"


def readme(model: Model, repo_id: str, license: str | None = None) -> str:
    """Return a README.md for the model on the Hugging Face hub as "user/name".

    It begins with the YAML that the hub wants (https://huggingface.co/docs/hub/model-cards): the library,
    tags, and the accuracy, where the card has one.  No licence stands there unless it is given.
    """
    name = repo_id.rpartition("/")[2]
    facts = "\n".join(f"- **{title}**: {text}" for title, text in model.card.lines().items() if title != "notes")
    labels = ", ".join(model.labels[:50]) + (", ..." if len(model.labels) > 50 else "")
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
