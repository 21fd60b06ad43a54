import json

import pytest

from ordino.core.errors import InputError, UnknownNameError
from ordino.instances import sets
from ordino.instances.catalogue import best_known
from ordino.instances.reading import read_instance


def test_every_set_has_files_and_facts():
    for name, each in sets.public_sets().items():
        assert each.title, name
        assert each.citation, name
        assert each.licence, name
        files = sets.listed_files(name)
        assert files, name
        for file in files.values():
            assert all(len(checksum) == 64 for checksum in file.checksums)
            assert file.origin is None or each.base is not None


def test_bounds_are_in_order():
    for (name, instance), known in sets._known().items():
        assert name in sets.public_sets()
        assert known.source, instance
        lower, upper = known.lower_bound, known.upper_bound
        assert lower is None or upper is None or lower <= upper, instance


def test_a_name_above_sets_means_all_of_them():
    names = [each.name for each in sets.select("jobshop/large")]
    assert names == ["jobshop/large/tai", "jobshop/large/dct", "jobshop/large/bel"]
    assert [each.name for each in sets.select("single-machine/smtt")] == ["single-machine/smtt"]
    with pytest.raises(UnknownNameError, match="did you mean jobshop/la"):
        sets.select("jobshop/laa")


def test_the_files_here_are_those_of_the_catalogue(public_data):
    for name in ("jobshop/la", "single-machine/orlib-wt", "rcpsp/max/ubo20"):
        ((found, folder),) = sets.locate_sets(name)
        assert found == name
        held = {path.name for path in sets.files_of(name, folder)}
        assert held == set(sets.listed_files(name))


def test_what_is_known_of_an_instance(public_data):
    assert best_known(read_instance("jobshop/la/la02.txt")).upper_bound == 655
    assert best_known(read_instance("single-machine/orlib-wt/wt40.txt#2")).upper_bound == 1225
    other = read_instance(
        json.dumps(json.loads(_as_json("jobshop/la/la02.txt")) | {"name": "la03"}) + "\n"
    )
    assert best_known(other) is None


def _as_json(name):
    from ordino.instances.reading import dump_instance

    return dump_instance(read_instance(name))


def test_a_changed_file_has_no_best_known(public_data, tmp_path, monkeypatch):
    folder = tmp_path / "jobshop" / "la"
    folder.mkdir(parents=True)
    text = (public_data / "jobshop" / "la" / "la01.txt").read_text()
    (folder / "la01.txt").write_text(text)
    (folder / "la02.txt").write_text(text)
    monkeypatch.setenv("ORDINO_DATA", str(tmp_path))
    assert sets.best_known("jobshop/la", folder / "la01.txt").upper_bound == 666
    assert sets.best_known("jobshop/la", folder / "la02.txt") is None


def test_a_set_that_is_not_here_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("ORDINO_DATA", str(tmp_path))
    monkeypatch.setenv("ORDINO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="ordino fetch jobshop/la"):
        sets.locate_sets("jobshop/la")
    with pytest.raises(UnknownNameError, match="did you mean jobshop/la"):
        sets.locate_sets("jobshop/laa")
    with pytest.raises(UnknownNameError):
        sets.locate_sets("../jobshop")
