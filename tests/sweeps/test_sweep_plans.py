"""What a sweep tries: plans, their files, and one clear line for each mistake in them."""

import pytest
from optuna.distributions import FloatDistribution
from optuna.pruners import HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler, TPESampler
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


@pytest.mark.parametrize("how", ["random", "asha", "tpe"])
def test_each_way_has_its_sampler(how):
    plan = plan_of(how)
    assert type(plan.sampler(0)) is (TPESampler if how == "tpe" else RandomSampler)


@pytest.mark.parametrize(
    ("search", "kind"),
    [
        ({}, NopPruner),
        ({"how": "asha"}, SuccessiveHalvingPruner),
        ({"how": "tpe", "pruner": "halving"}, SuccessiveHalvingPruner),
        ({"pruner": "hyperband"}, HyperbandPruner),
    ],
)
def test_each_pruner_is_optunas(search, kind):
    assert type(plan_of(**search).pruner) is kind


def test_a_grid_is_every_combination_in_the_order_of_the_file():
    plan = plan_of("grid", trials=None, space={"lr": choice(0.1, 0.2), "batch_size": choice(5, 6)})
    pairs = [(0.1, 5), (0.1, 6), (0.2, 5), (0.2, 6)]
    assert plan.grid == [{"lr": lr, "batch_size": size} for lr, size in pairs]
    assert plan.n_trials == 4


def test_drawn_numbers_can_be_typed_again_and_stay_in_their_range():
    plan = plan_of(space={"lr": FloatDistribution(0.123456, 0.987654)})
    drawn = (0.1234561, 0.2222222, 0.987653)
    assert [plan.settings({"lr": lr}).lr for lr in drawn] == [0.1235, 0.2222, 0.987654]


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
    "[search]\nhow = 'bayes'\n[space]\nlr = [1]": "how is one of random, grid, tpe, asha, got 'bayes'",
    "[search]\ntrials = 0\n[space]\nlr = [1]": "a sweep has 1 to 10000 trials, got trials = 0",
    "[search]\nseed = -1\n[space]\nlr = [1]": "seed in .search.: a seed is a whole number of 0 or more, got -1",
    "[search]\nvalidation_fraction = 1\n[space]\nlr = [1]": "validation_fraction is between 0 and 1, got 1",
    "[search]\nfactor = 1\n[space]\nlr = [1]": "a factor of 2 or more, got 1 and 1",
    "[search]\nhow = 'grid'\n[space]\nlr = {low = 1, high = 2}": "a grid takes lists, and lr is a range",
    "[search]\nhow = 'grid'\ntrials = 5\n[space]\nlr = [1, 2, 3]\nseed = [1, 2]": "6 combinations, more than 5 trials",
    "[space]\nlr = [1, 2]": "the lists have 2 combinations, fewer than 20 trials",
    "[search]\nhow = 'asha'\ntrials = 1\n[space]\nepochs = [1, 2]": "after the same epochs: give epochs a number",
    "epochs = 1\n[search]\nhow = 'asha'\n[space]\nlr = {low = 1, high = 2}": "no trial of 1 epochs is stopped",
    "[search]\npruner = 'median'\n[space]\nlr = [1]": "pruner is one of none, halving, hyperband, got 'median'",
    "[search]\nhow = 'asha'\npruner = 'hyperband'\n[space]\nlr = [1]": "asha has a pruner, halving",
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
