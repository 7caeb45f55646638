"""The hub: a model goes there and comes back, and what goes wrong is said in one line."""

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import load as parse
from support.commands import last_line, python
from support.stand_in_hub import TOKEN, Hub, running

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.fast import Fast
from inkgrad.layers import Chain, Dense, Flatten
from inkgrad.models import Card, Model, load_from_hub, push_to_hub
from inkgrad.models.hub import readme

CARD = Card(
    data="MNIST",
    n_train=60_000,
    n_test=10_000,
    n_right=9936,
    recipe="cnn",
    optimizer="Adam(lr=0.008)",
    seed=0,
    epochs=4,
)
REPO = "user/digits"


def model_with(value=0.5, card=CARD):
    network = Chain((Flatten(), Dense(4, 2)))
    theta = np.full(10, value, np.float32)
    return Model(network, SoftmaxCrossEntropy(), theta, ("goat", "fish"), (2, 2, 1), card=card, engine=Fast(1))


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def address(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in has no such store
    with running(hub) as address:
        yield address


@pytest.fixture
def there(address, tmp_path):
    """Where to look, in a cache of its own."""
    return {"endpoint": address, "cache_dir": tmp_path / "cache", "token": False}


def push(address, model=None, repo=REPO, token=TOKEN, **more):
    return push_to_hub(model or model_with(), repo, token=token, endpoint=address, **more)


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # huggingface_hub's, of large files
@pytest.mark.parametrize("large", [(), ("model.safetensors",)], ids=["small", "large"])
def test_a_model_comes_back_from_the_hub_as_it_went(hub, address, there, large):
    hub.large = large
    assert push(address) == f"{address}/{REPO}"
    again = load_from_hub(REPO, **there)
    np.testing.assert_array_equal(again.theta, model_with().theta)
    assert (again.network, again.labels, again.card) == (model_with().network, ("goat", "fish"), CARD)
    assert sorted(parse(hub.files(REPO)["model.safetensors"])) == ["1.W", "1.b"]  # what is there, is safetensors
    assert bool(hub.blobs) == bool(large)


def test_both_files_are_one_commit_with_the_message(hub, address):
    push(address, message="Better at sevens")
    assert hub.messages == ["Better at sevens"]
    assert sorted(hub.files(REPO)) == ["README.md", "model.safetensors"]


def test_a_revision_stays_what_it_was(hub, address, there):
    push(address)
    push(address, model_with(0.25))
    first, second = (name for name, _ in hub.repos[REPO])
    assert load_from_hub(REPO, revision=first, **there).theta[0] == 0.5
    assert load_from_hub(REPO, revision=second, **there).theta[0] == 0.25
    assert load_from_hub(REPO, **there).theta[0] == 0.25


def test_what_was_loaded_once_is_there_without_a_network(hub, address, tmp_path):
    push(address)
    load_from_hub(REPO, endpoint=address, cache_dir=tmp_path, token=False)
    nowhere = "http://127.0.0.1:9"  # where nobody answers
    assert load_from_hub(REPO, endpoint=nowhere, cache_dir=tmp_path, token=False).theta[0] == 0.5


def test_a_private_model_is_shown_to_those_who_may_see_it(hub, address, there):
    push(address, private=True)
    assert hub.private == {REPO}
    with pytest.raises(ModelFileError, match=r"the hub shows you no user/digits .* private and needs a token"):
        load_from_hub(REPO, **there)
    assert load_from_hub(REPO, **(there | {"token": TOKEN})).labels == ("goat", "fish")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"repo_id": "user/nothing"}, "the hub shows you no user/nothing .*is the name right"),
        ({"revision": "never"}, "user/digits has no revision 'never' on the hub: name a branch, a tag or a commit"),
        ({"file": "other.safetensors"}, r"user/digits is on the hub, but has no 'other.safetensors': is it an inkgrad"),
        (
            {"repo_id": "user/story"},
            r"user/story is on the hub, but has no 'model.safetensors': is it an inkgrad model",
        ),
    ],
    ids=["repository", "revision", "file", "repository without a model"],
)
def test_what_is_not_there_is_said_in_one_line(hub, address, there, asked, message):
    push(address)
    hub.repos["user/story"] = [("1" * 40, {"README.md": b"# A story"})]
    with pytest.raises(ModelFileError, match=message) as caught:
        load_from_hub(**({"repo_id": REPO} | there | asked))
    assert "\n" not in str(caught.value)


def test_without_a_network_it_says_so_in_one_line(there, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # or it tries again and again, for half a minute
    with pytest.raises(ModelFileError, match=r"the hub cannot be reached for user/digits, .*: are you online\?$"):
        load_from_hub(REPO, **there)
    with pytest.raises(SettingError, match=r"the hub cannot be reached for user/digits: are you online\?$"):
        push(there["endpoint"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"token": False}, r"does not let you write user/digits \(status 401\): log in with `hf auth login`"),
        ({"repo": "others/digits"}, r"does not let you write others/digits \(status 403\)"),
        ({"repo": "a/b/c"}, "a model on the hub is named user/name, got 'a/b/c'"),
        ({"address": "http://127.0.0.1:9"}, "the hub cannot be reached for user/digits: are you online"),
    ],
    ids=["no token", "not mine", "no name", "network"],
)
def test_what_cannot_be_pushed_is_said_in_one_line(address, given, message):
    with pytest.raises(SettingError, match=message) as caught:
        push(**({"address": address} | given))
    assert "\n" not in str(caught.value)


def test_a_bad_file_on_the_hub_is_refused_as_any_other(hub, address, there):
    hub.repos[REPO] = [("0" * 40, {"model.safetensors": b"\xff" * 100})]
    with pytest.raises(ModelFileError, match="is not a safetensors file, or is damaged"):
        load_from_hub(REPO, **there)


def test_the_hubs_own_reader_understands_the_page():
    card = huggingface_hub.ModelCard(readme(model_with(), REPO, license="mit"))
    assert (card.data.library_name, card.data.license, card.data.tags) == ("inkgrad", "mit", ["inkgrad"])
    (result,) = card.data.eval_results
    assert (result.dataset_name, result.dataset_type, result.metric_type) == ("MNIST", "mnist", "accuracy")
    assert result.metric_value == 0.9936
    assert card.data.model_name == "digits"
    assert "0.9936 (9936 of 10000)" in card.text
    assert 'load_from_hub("user/digits")' in card.text


def test_the_page_says_nothing_that_the_card_does_not():
    text = readme(model_with(card=Card()), REPO)
    card = huggingface_hub.ModelCard(text)
    assert card.data.license is None
    assert card.data.eval_results is None
    assert "metrics" not in card.data.to_dict()
    assert "How it was made" not in text


def test_odd_names_do_not_break_the_page():
    odd = Card(data='"Quoted": {odd} # é 😀', n_test=2, n_right=1)
    card = huggingface_hub.ModelCard(readme(model_with(card=odd), REPO))
    assert card.data.eval_results[0].dataset_name == odd.data


def test_without_the_extra_it_says_what_to_install():
    program = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from inkgrad.models import load_from_hub\n"
        "load_from_hub('user/digits')"
    )
    said = last_line(python(program).stderr)
    assert said.endswith("the hub needs huggingface_hub, which is not installed: pip install 'inkgrad[hub]'")
