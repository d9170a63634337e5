"""The plan: complete, reproducible, and honest about what is left out."""

from fractions import Fraction

from relverify.campaign.plan import Task, make_plan
from relverify.campaign.tasks import slug
from relverify.core.registry import theorems
from relverify.relations import families


def test_the_whole_plan_covers_every_theorem_and_family():
    for quick in (True, False):
        plan = make_plan(quick=quick)
        assert {t.name for t in plan.tasks if t.kind == "theorem"} == set(theorems())
        members = [member for family in families().values() for member in family.members]
        examples = {member.text for member in members if member.quick or not quick}
        assert examples
        assert {t.name for t in plan.tasks if t.kind == "relation"} == examples
        assert {t.name for t in plan.tasks if t.kind == "counts"} == examples
        assert any(t.kind == "attention" for t in plan.tasks)


def test_no_result_depends_on_the_speed_of_the_machine():
    """A search that a limit of time ends would give other results in another run."""
    for options in ({}, {"full": True}):
        searches = [t for t in make_plan(**options).tasks if t.kind == "smallest"]
        assert all(t.arguments["seconds"] >= 3600 and isinstance(t.arguments["eps"], str) for t in searches)
        assert len(searches) == len({(t.name, t.arguments["eps"]) for t in searches})


def test_labels_narrow_the_plan_to_theorems():
    plan = make_plan(["symmetric", "perturbation", "symmetric"])
    assert [t.name for t in plan.tasks] == ["symmetric", "perturbation"]


def test_without_torch_the_plan_says_that_training_is_not_run(monkeypatch):
    monkeypatch.setattr("relverify.campaign.plan.find_spec", lambda name: None)
    plan = make_plan()
    assert not [t for t in plan.tasks if t.kind == "train"]
    assert any("training" in reason for reason in plan.not_run)


def test_keys_depend_on_every_part_of_the_specification():
    tasks = [
        Task("train", "brownian", {"seed": 0}),
        Task("train", "brownian", {"seed": 1}),
        Task("counts", "brownian", {"seed": 0}),
        Task("train", "gaussian(ell=1)", {"seed": 0}),
    ]
    assert len({t.key for t in tasks}) == 4
    assert tasks[0].key == Task("train", "brownian", {"seed": 0}).key


def test_keys_of_a_plan_are_distinct():
    for options in ({}, {"quick": True}, {"full": True}):
        tasks = make_plan(**options).tasks
        assert len({t.key for t in tasks}) == len(tasks)
        # each training and each construction has a folder of its own
        given = [(t.name, *(t.arguments[k] for k in ("theorem", "eps", "seed"))) for t in tasks if t.kind == "train"]
        assert len({slug("-".join(map(str, parts))) for parts in given}) == len(given)
        built = [t.name for t in tasks if t.kind == "relation"]
        assert len({slug(name) for name in built}) == len(built)


def test_the_full_plan_trains_at_the_errors_of_each_member_with_three_seeds():
    tasks = make_plan(full=True).tasks
    for family in families().values():
        for member in family.members:
            given = [t.arguments for t in tasks if t.kind == "train" and t.name == member.text]
            if not given:
                continue  # without PyTorch
            assert {a["eps"] for a in given} == {*member.errors, member.eps}
            for theorem in {a["theorem"] for a in given}:
                for eps in member.errors:
                    seeds = [a["seed"] for a in given if (a["theorem"], a["eps"]) == (theorem, eps)]
                    assert sorted(seeds) == [0, 1, 2]
            searched = [t.arguments["eps"] for t in tasks if t.kind == "smallest" and t.name == member.text]
            assert min(map(Fraction, searched)) == Fraction(member.errors[-1])
