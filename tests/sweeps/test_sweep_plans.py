"""What a sweep tries: plans, their files, and one clear line for each mistake in them."""

from itertools import product

import numpy as np
import pytest
from support import ROOT
from support.sweeping import plan_of

from inkgrad.errors import SettingError
from inkgrad.sweeps import EXAMPLE, Choice, Range, read_plan


def read(tmp_path, text, **more):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return read_plan(path, **more)


def test_the_example_is_a_plan_and_stands_in_the_examples(tmp_path):
    plan = read(tmp_path, EXAMPLE)
    assert (ROOT / "examples" / "sweep.toml").read_text() == EXAMPLE
    assert plan.n_trials == len(plan.trials()) == 20
    assert plan.space["lr"] == Range(0.005, 0.5, log=True)
    assert {trial.settings.model for trial in plan.trials()} == {"seed"}


def test_what_is_not_named_is_as_inkgrad_train_has_it(tmp_path):
    (trial, *_) = read(tmp_path, '[search]\ntrials = 2\n[space]\nmodel = ["mlp", "seed"]').trials()
    usual = {"mlp": (128, 0.002, 40), "seed": (100, 0.05, 5)}[trial.settings.model]
    assert (trial.settings.batch_size, trial.settings.lr, trial.settings.epochs) == usual


def test_the_same_seed_gives_the_same_trials_and_more_trials_begin_with_them():
    assert plan_of(trials=8).trials() == plan_of(trials=8).trials()
    assert plan_of(trials=30).trials()[:8] == plan_of(trials=8).trials()
    assert plan_of(trials=8, seed=1).trials() != plan_of(trials=8).trials()


def test_asha_tries_what_random_tries():
    assert plan_of("asha", trials=8).trials() == plan_of("random", trials=8).trials()


def test_no_trial_is_drawn_twice_while_there_are_others():
    space = {"seed": Choice((1, 2, 3)), "batch_size": Choice((1, 2, 3))}
    assert len({trial.settings for trial in plan_of(trials=9, space=space).trials()}) == 9


def test_a_grid_is_every_combination_in_the_order_of_the_file():
    space = {"lr": Choice((0.1, 0.2)), "batch_size": Choice((5, 6, 7))}
    found = plan_of("grid", trials=None, space=space).trials()
    assert [(each.settings.lr, each.settings.batch_size) for each in found] == list(product((0.1, 0.2), (5, 6, 7)))
    assert [each.number for each in found] == [1, 2, 3, 4, 5, 6]


def test_a_logarithmic_range_is_even_in_its_factors(rng):
    drawn = np.array([Range(0.001, 10, log=True).draw(rng) for _ in range(4000)])
    assert 0.001 <= drawn.min() < 0.0012
    assert 8 < drawn.max() <= 10
    assert np.histogram(np.log10(drawn), bins=4, range=(-3, 1))[0] == pytest.approx(1000, abs=120)  # 4 deviations


def test_a_range_of_whole_numbers_has_both_ends_as_often_as_the_others(rng):
    drawn = [Range(3, 6, whole=True).draw(rng) for _ in range(4000)]
    assert {type(each) for each in drawn} == {int}
    assert np.unique(drawn, return_counts=True)[1] == pytest.approx([1000] * 4, abs=120)


def test_drawn_numbers_can_be_typed_again(rng):
    assert all(len(f"{Range(0.1, 0.2).draw(rng):.15g}") <= 6 for _ in range(100))


@pytest.mark.parametrize(
    ("epochs", "first", "factor", "rungs"), [(9, 1, 3, [1, 3]), (10, 1, 3, [1, 3, 9]), (8, 2, 2, [2, 4])]
)
def test_rungs_lie_a_factor_apart_and_before_the_end(epochs, first, factor, rungs):
    assert plan_of("asha", epochs=epochs, first_rung=first, factor=factor).rungs == rungs
    assert plan_of("random", epochs=epochs).rungs == []


BAD = {
    "lr = = 1": r"not TOML: .*line 1.*`example` shows",
    "\n\n[space\n": "not TOML: .*line 3",
    "lr = 0.1": r"nothing is searched: name at least one setting in \[space\]",
    "momentun = 0.9\n[space]\nlr = [1]": "'momentun' is not a setting .*did you mean momentum",
    "[space]\nlearning = [1]": "'learning' is not a setting of inkgrad train: there are model, classes",
    "[serach]\n[space]\nlr = [1]": "did you mean search",
    "[search]\ntrails = 3\n[space]\nlr = [1]": r"'trails' is not a setting of \[search\]: did you mean trials",
    "[space]\nlr = {lo = 1, high = 2}": "'lo' is not a part of a range of lr: did you mean low",
    "[space]\nlr = {low = 1}": "lr is a range without high",
    "[space]\nlr = {low = 1, high = 0.1}": "lr in .space.: the range has low = 1 above high = 0.1",
    "[space]\nlr = {low = 0, high = 1, log = true}": "log = true takes a low above 0, got low = 0",
    "[space]\nlr = {low = 1, high = 2, log = 3}": "lr has log = 3: it is true or false",
    "[space]\nlr = []": "lr in .space.: the list is empty",
    "[space]\nlr = [1, 2, 1]": "the list has 1.0 twice",
    "[space]\nlr = 3": "lr in .space. is a list, such as .*got 3",
    "[space]\nlr = [nan]": "lr is a number, got nan",
    "[space]\nlr = [true]": "lr is a number, got True",
    "[space]\nlr = ['1']": "lr is a number, got '1'",
    "[space]\nbatch_size = [1.5]": r"batch_size is a whole number, .*got 1\.5",
    "[space]\nseed = [99999999999999999999]": "seed is a whole number, .*got 9999",
    "[space]\nmodel = {low = 1, high = 2}": "model is not a number, so it has no range",
    "[space]\nlr = [-2, 1]": "lr in .space.: OneCycle takes a finite learning rate above 0, got -2",
    "[space]\nmomentum = {low = 0.5, high = 1}": r"momentum in .space.: .*in \[0, 1\), got 1",
    "[space]\nbatch_size = [0, 1]": "batch_size in .space.: a batch holds at least 1 example, got a batch size of 0",
    "[space]\nseed = {low = -3, high = 3}": "seed in .space.: a seed is a whole number of 0 or more, got -3",
    "[space]\nepochs = [0, 1]": "epochs in .space.: a training takes at least 1 epoch",
    "[space]\nmodel = ['seed', 'x']": "model in .space.: there is no model 'x', only cnn",
    "lr = 0\n[space]\nseed = [1]": "lr: OneCycle takes a finite learning rate above 0, got 0",
    "model = 'x'\n[space]\nlr = [1]": "model: there is no model 'x'",
    "lr = 1\n[space]\nlr = [1]": "lr is both fixed and in .space.",
    "[space]\nclasses = [10, 11]": "classes belongs to the data",
    "space = 3": r"begin it with a line \[space\]",
    "[search]\nhow = 'bayes'\n[space]\nlr = [1]": "how is one of random, grid, asha, got 'bayes'",
    "[search]\ntrials = 0\n[space]\nlr = [1]": "a sweep has 1 to 10000 trials, got trials = 0",
    "[search]\nseed = -1\n[space]\nlr = [1]": "seed in .search.: a seed is a whole number of 0 or more, got -1",
    "[search]\nvalidation_fraction = 1\n[space]\nlr = [1]": "validation_fraction is between 0 and 1, got 1",
    "[search]\nfactor = 1\n[space]\nlr = [1]": "a factor of 2 or more, got 1 and 1",
    "[search]\nhow = 'grid'\n[space]\nlr = {low = 1, high = 2}": "a grid takes lists, and lr is a range",
    "[search]\nhow = 'grid'\ntrials = 5\n[space]\nlr = [1, 2, 3]\nseed = [1, 2]": "6 combinations, more than 5 trials",
    "[space]\nlr = [1, 2]": "the lists have 2 combinations, fewer than 20 trials",
    "[search]\nhow = 'asha'\ntrials = 1\n[space]\nepochs = [1, 2]": "after the same epochs: give epochs a number",
    "epochs = 1\n[search]\nhow = 'asha'\n[space]\nlr = {low = 1, high = 2}": "never stops a trial of 1 epochs",
}


@pytest.mark.parametrize("text", BAD, ids=BAD.values())
def test_a_bad_plan_is_refused_in_one_line_that_names_its_file(tmp_path, text):
    with pytest.raises(SettingError, match=BAD[text]) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'sweep.toml'}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "model.toml").write_bytes(b"\xff\x00")
    with pytest.raises(SettingError, match="not a text in UTF-8"):
        read_plan(tmp_path / "model.toml")


def test_the_number_of_trials_given_goes_before_the_files(tmp_path):
    assert len(read(tmp_path, EXAMPLE, trials=3).trials()) == 3
    with pytest.raises(SettingError, match="got trials = 0"):
        read(tmp_path, EXAMPLE, trials=0)
