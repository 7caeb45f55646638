"""What a sweep tries: plans, their files, and one clear line for each mistake in them."""

import pytest
from optuna import create_study
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from support import ROOT
from support.sweeping import choice, plan_of

from inkgrad.cli.sweep import EXAMPLE
from inkgrad.errors import SettingError
from inkgrad.sweeps import read_plan


def read(tmp_path, text, **more):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return read_plan(path, **more)


def test_the_example_is_a_plan_and_stands_in_the_examples(tmp_path):
    plan = read(tmp_path, EXAMPLE)
    assert (ROOT / "examples" / "sweep.toml").read_text() == EXAMPLE
    assert plan.n_trials == 20
    assert plan.space["lr"] == FloatDistribution(0.005, 0.5, log=True)
    assert plan.settings({}).model == "seed"


def test_what_is_not_named_is_as_inkgrad_train_has_it(tmp_path):
    plan = read(tmp_path, '[search]\ntrials = 2\n[space]\nmodel = ["mlp", "seed"]')
    found = {name: plan.settings({"model": name}) for name in ("mlp", "seed")}
    assert [(each.batch_size, each.lr, each.epochs) for each in found.values()] == [(128, 0.002, 40), (100, 0.05, 5)]


def drawn_by(plan, n):
    study = create_study(storage=None)
    for k in range(n):
        study.add_trial(plan.new_trial(study, k))
    return [each.params for each in study.trials]


@pytest.mark.parametrize(
    ("search", "kind"),
    [
        ({}, NopPruner),
        ({"pruner": "halving"}, SuccessiveHalvingPruner),
        ({"how": "tpe", "pruner": "halving"}, SuccessiveHalvingPruner),
        ({"pruner": "hyperband"}, HyperbandPruner),
    ],
)
def test_each_pruner_is_optunas(search, kind):
    assert type(plan_of(**search).new_pruner()) is kind


def test_a_file_of_before_there_was_optuna_that_says_asha_means_random_with_halving(tmp_path):
    plan = read(tmp_path, "epochs = 3\n[search]\nhow = 'asha'\n[space]\nlr = {low = 0.1, high = 0.2}")
    assert (plan.how, plan.pruner) == ("random", "halving")


def test_a_grid_is_every_combination_in_the_order_of_the_file():
    plan = plan_of("grid", trials=None, space={"lr": choice(0.1, 0.2), "batch_size": choice(5, 6)})
    pairs = [(0.1, 5), (0.1, 6), (0.2, 5), (0.2, 6)]
    assert plan.n_trials == 4
    assert drawn_by(plan, 4) == [{"lr": lr, "batch_size": size} for lr, size in pairs]


@pytest.mark.parametrize(("trials", "n"), [(3, 3), (4, 4), (9, 4)])
def test_trials_are_the_most_of_a_grid(trials, n):
    assert plan_of("grid", trials, space={"lr": choice(0.1, 0.2), "batch_size": choice(5, 6)}).n_trials == n


@pytest.mark.parametrize("how", ["random", "tpe"])
def test_drawn_numbers_can_be_typed_again_and_stay_in_their_range(how):
    space = {"lr": FloatDistribution(0.123456, 0.124), "momentum": FloatDistribution(0.5, 0.5)}
    plan = plan_of(how, space=space | {"batch_size": IntDistribution(10000, 99999)})
    for drawn in drawn_by(plan, 20):
        assert drawn["lr"] in (0.123456, 0.1235, 0.1236, 0.1237, 0.1238, 0.1239, 0.124)
        assert drawn["momentum"] == 0.5
        assert type(drawn["batch_size"]) is int


def test_a_trial_is_drawn_alike_whoever_draws_it_and_whatever_came_before():
    plan, study = plan_of(), create_study()
    assert plan.new_trial(study, 5).params == drawn_by(plan, 6)[5]
    assert len({each["lr"] for each in drawn_by(plan, 6)}) == 6


BAD = {
    "lr = = 1": r"not TOML: .*line 1.*`example` shows",
    "\n\n[space\n": "not TOML: .*line 3",
    "lr = 0.1": r"nothing is searched: name at least one setting in \[space\]",
    "momentun = 0.9\n[space]\nlr = [1]": "'momentun' is not a setting .*did you mean momentum",
    "[space]\nlearning = [1]": "'learning' is not a setting that is left to search: there are model, batch_size",
    "[serach]\n[space]\nlr = [1]": "did you mean search",
    "[search]\ntrails = 3\n[space]\nlr = [1]": r"'trails' is not a setting of \[search\]: did you mean trials",
    "[space]\nlr = {lo = 1, high = 2}": "lr in .space. is a list, .* such as .low = 1, high = 2., got .'high': 2",
    "[space]\nlr = {low = 1, high = 2, lg = true}": "'lg' is not a part of a range of lr: did you mean log",
    "[space]\nlr = {low = 1}": "lr in .space. is a list, .* or, of numbers, a range, such as .low = 1, high = 2",
    "[space]\nlr = {low = 1, high = 0.1}": "`low <= high` must hold, but got .low=1.0, high=0.1.",
    "[space]\nlr = {low = 0, high = 1, log = true}": "`low > 0` must hold for `log=True`, but got .low=0",
    "[space]\nlr = {low = 1, high = 2, log = 3}": "log is true or false, got 3",
    "[space]\nlr = []": r"lr in .space. is a list, such as .1, 2., .*got \[\]",
    "[space]\nlr = 3": "lr in .space. is a list, such as .*got 3",
    "[space]\nlr = [nan]": "lr is a number, got nan",
    "[space]\nlr = [true]": "lr is a number, got True",
    "[space]\nlr = ['1']": "lr is a number, got '1'",
    "[space]\nbatch_size = [1.5]": r"batch_size is a whole number, .*got 1\.5",
    "[space]\nseed = [99999999999999999999]": "seed is a whole number, .*got 9999",
    "[space]\nmodel = {low = 1, high = 2}": "model in .space. is a list, such as .* or, of numbers, a range",
    "[space]\nlr = [-2, 1]": "lr: OneCycle takes a finite learning rate above 0, got -2",
    "[space]\nmomentum = {low = 0.5, high = 1}": r"momentum: .*in \[0, 1\), got 1",
    "[space]\nbatch_size = [0, 1]": "batch_size: a batch holds at least 1 example, got a batch size of 0",
    "[space]\nseed = {low = -3, high = 3}": "seed: a seed is a whole number of 0 or more, got -3",
    "[space]\nepochs = [0, 1]": "epochs: a training takes at least 1 epoch",
    "[space]\nmodel = ['seed', 'x']": "model: there is no model 'x', only cnn",
    "lr = 0\n[space]\nseed = [1]": "lr: OneCycle takes a finite learning rate above 0, got 0",
    "model = 'x'\n[space]\nlr = [1]": "model: there is no model 'x'",
    "lr = 1\n[space]\nlr = [1]": "'lr' is not a setting that is left to search: there are model, batch_size, momentum",
    "[space]\nclasses = [10, 11]": "'classes' is not a setting that is left to search",
    "space = 3": r"space is a part of its own, that begins with a line \[space\], got 3",
    "[search]\nhow = 'bayes'\n[space]\nlr = [1]": "how is one of random, grid, tpe, got 'bayes'",
    "[search]\ntrials = 0\n[space]\nlr = [1]": "a sweep has 1 to 10000 trials, got trials = 0",
    "[search]\nseed = -1\n[space]\nlr = [1]": "a seed is a whole number of 0 or more, got -1",
    "[search]\npruner = 'halving'\nfactor = 1\n[space]\nlr = [1]": "a factor of 2 or more, got .* and factor = 1",
    "[search]\nhow = 'grid'\n[space]\nlr = {low = 1, high = 2}": "a grid takes lists, not ranges: list the values",
    "[search]\nhow = 'asha'\ntrials = 1\n[space]\nepochs = [1, 2]": "a pruner takes epochs as a number before .search.",
    "epochs = 1\n[search]\nhow = 'asha'\n[space]\nlr = {low = 1, high = 2}": "a first_rung from 1 to below that",
    "[search]\npruner = 'median'\n[space]\nlr = [1]": "pruner is one of none, halving, hyperband, got 'median'",
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
    assert read(tmp_path, EXAMPLE, trials=3).n_trials == 3
    with pytest.raises(SettingError, match="got trials = 0"):
        read(tmp_path, EXAMPLE, trials=0)
