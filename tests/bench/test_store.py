import errno
import hashlib
import json
import os
import subprocess
import sys

import pytest

from ordino.bench import store as module
from ordino.bench.store import Store
from ordino.core.errors import InputError, OrdinoError, UsageError

KEY = "0" * 32
RECORD = {"outcome": "finished", "objective": 7}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", create=True)


def files(store):
    return sorted(str(p.relative_to(store.path)) for p in store.path.rglob("*") if p.is_file())


def test_record_and_result_come_back(store):
    store.claim(KEY).record(RECORD, '{"a": 1}')
    assert list(store.records()) == [
        {"key": KEY, **RECORD, "result_digest": hashlib.sha256(b'{"a": 1}').hexdigest()}
    ]
    assert store.solution_file(KEY).read_text() == '{"a": 1}'
    assert json.loads((store.path / "runs" / f"{KEY}.json").read_text())["objective"] == 7
    assert files(store) == [f"runs/{KEY}.json", f"solutions/{KEY}.json", "store.json"]


def test_failed_runs_are_known_by_the_heads_of_their_files(store):
    store.claim("1" * 32).record({"message": "x" * 5000, "outcome": "crashed"}, None)
    store.claim(KEY).record(RECORD, None)
    assert store.failed() == {"1" * 32}


def test_a_run_is_claimed_once(store):
    claim = store.claim(KEY)
    program = (
        "import sys; from ordino.bench.store import Store\n"
        "print(Store(sys.argv[1]).claim(sys.argv[2]) is None)"
    )
    words = [sys.executable, "-c", program, str(store.path), KEY]

    def other():
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    assert other() == "True"
    assert store.running() == 1
    claim.give_back()
    assert store.running() == 0
    assert other() == "False"
    store.tidy()
    assert files(store) == ["store.json"]


def test_whoever_waited_sees_that_it_is_done(store):
    store.claim(KEY).record(RECORD, None)
    late = store.claim(KEY)
    assert late.done
    late.give_back()
    again = store.claim(KEY, replacing=store.finished()[KEY])
    assert not again.done
    again.record(RECORD | {"objective": 6}, None)
    assert [record["objective"] for record in store.records()] == [6]


DAMAGE = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "one digit": lambda data: data.replace(b"7", b"8"),
    "binary": lambda data: b"\0\xff" * 100,
    "another's": lambda data: None,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_set_aside(store, damage):
    store.claim(KEY).record(RECORD, None)
    store.claim("1" * 32).record(RECORD, None)
    path = store.path / "runs" / f"{KEY}.json"
    changed = DAMAGE[damage](path.read_bytes())
    path.write_bytes(
        (store.path / "runs" / f"{'1' * 32}.json").read_bytes() if changed is None else changed
    )
    assert [record["key"] for record in store.records()] == ["1" * 32]
    assert [each.name for each in store.damaged()] == [f"runs-{KEY}.0"]
    assert KEY not in store.finished()


def test_a_damaged_result_takes_its_record_along(store):
    store.claim(KEY).record(RECORD, "{}")
    store.claim("1" * 32).record(RECORD, None)
    store.solution_file(KEY).write_text("{]")
    assert len(list(store.records())) == 2
    assert [record["key"] for record in store.records(whole=True)] == ["1" * 32]
    assert len(store.damaged()) == 2
    assert list(store.finished()) == ["1" * 32]


def test_a_full_disk_is_one_error_and_harms_nothing(store, monkeypatch):
    store.claim(KEY).record(RECORD, "{}")
    before = files(store)
    claim = store.claim(KEY, replacing=store.finished()[KEY])

    def full(handle, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "write", full)
    with pytest.raises(OrdinoError, match="no space left on device"):
        claim.record(RECORD | {"objective": 1}, "{}")
    claim.give_back()
    store.tidy()
    assert [record["objective"] for record in store.records()] == [7]
    assert files(store) == before


def test_what_is_no_store(tmp_path, store):
    with pytest.raises(UsageError, match="no store of runs"):
        Store(tmp_path / "nowhere")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    with pytest.raises(InputError, match=r"holds letter\.txt"):
        Store(tmp_path / "mine", create=True)
    (store.path / "store.json").write_text('{"ordino_store": 2}')
    with pytest.raises(InputError, match="of version 2, this Ordino reads version 1"):
        Store(store.path)
    (store.path / "store.json").write_text("{")
    with pytest.raises(InputError, match="not what a store"):
        Store(store.path)
    with pytest.raises(InputError, match="is a file"):
        Store(tmp_path / "mine" / "letter.txt", create=True)
