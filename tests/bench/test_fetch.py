"""The real downloader against a server on this machine."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from urllib.parse import urlparse

import pytest

from ordino.instances import sets
from ordino.instances.sets import PublicFile, PublicSet

CONTENT = {f"i{n}.txt": (f"{n} 1\n" * 20_000).encode() for n in range(3)}
CUT_AT = 50_000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        name = urlparse(self.path).path.rpartition("/")[2]
        data = self.server.content.get(name)
        if data is None:
            self.send_error(404)
            return
        begin = 0
        asked = self.headers.get("Range")
        if asked and self.server.ranges:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        body = data[begin:]
        if name in self.server.cut and len(body) > CUT_AT:
            body = body[:CUT_AT]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.content, made.cut, made.ranges, made.asked = dict(CONTENT), set(), True, []
    made.address = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def folder(tmp_path, monkeypatch, server):
    """Where the set `mine/small` goes, whose home is the server."""
    public = PublicSet(
        name="mine/small",
        family="jobshop",
        title="small",
        citation="Nobody 2026",
        files="*",
        page="https://example.org",
        licence="none",
        base=f"{server.address}/home/",
    )
    files = {
        name: PublicFile(name, (hashlib.sha256(data).hexdigest(),), f"deep er/{name}")
        for name, data in CONTENT.items()
    }
    monkeypatch.setattr(sets, "public_sets", lambda: {public.name: public})
    monkeypatch.setattr(sets, "_all_files", lambda: {public.name: files})
    monkeypatch.setenv("ORDINO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ORDINO_DATA", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "cache" / "sets" / "mine" / "small"


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_from_its_home_once(call, server, folder):
    done = call("fetch", "mine/small")
    assert (done.code, done.out) == (0, f"mine/small: 3 files in {folder}\n")
    assert "cite: Nobody 2026" in done.err
    assert held(folder) == CONTENT
    assert sorted(path for path, _ in server.asked) == [f"/home/deep%20er/{n}" for n in CONTENT]
    assert call("fetch", "mine").code == 0
    assert len(server.asked) == 3
    (folder / "i1.txt").write_text("spoilt")
    assert call("fetch", "mine/small").code == 0
    assert held(folder) == CONTENT
    assert len(server.asked) == 4


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_body_that_is_cut_off_is_taken_up(call, server, folder, ranges):
    server.cut, server.ranges = {"i1.txt"}, ranges
    done = call("fetch", "mine/small")
    again = [asked for path, asked in server.asked if path.endswith("i1.txt") and asked]
    if ranges:
        assert done.code == 0
        assert held(folder) == CONTENT
        assert again == [f"bytes={CUT_AT // 4096 * 4096}-"]
    else:
        assert done.code == 5
        assert "i1.txt" not in held(folder)
        server.cut = set()
        assert call("fetch", "mine/small").code == 0
        assert held(folder) == CONTENT


def test_a_wrong_checksum(call, server, folder):
    server.content["i1.txt"] = CONTENT["i1.txt"][:-2] + b"2\n"
    done = call("fetch", "mine/small")
    assert (done.code, done.out) == (5, "")
    assert "i1.txt: is not what the catalogue lists: SHA-256" in done.err
    assert done.err.count("\n") == 1
    assert "i1.txt" not in held(folder)
    assert all(not name.endswith("part") for name in held(folder))


def test_a_file_that_is_gone(call, server, folder):
    del server.content["i2.txt"]
    done = call("fetch", "mine/small")
    assert done.code == 5
    assert "404" in done.err
    assert f"into {folder}" in done.err
    assert set(held(folder)) <= {"i0.txt", "i1.txt"}


def test_no_network(call, server, folder, monkeypatch):
    monkeypatch.setattr(
        sets,
        "public_sets",
        lambda known=sets.public_sets: {name: _moved(each) for name, each in known().items()},
    )
    done = call("fetch", "mine/small")
    assert done.code == 5
    assert "can't be fetched" in done.err
    assert f"put its files (i0.txt … i2.txt, 3 in all) into {folder}" in done.err
    assert done.err.count("\n") == 1


def _moved(each, base="http://127.0.0.1:9/"):
    import dataclasses

    return dataclasses.replace(each, base=base)


def test_without_an_address_it_says_what_to_put_where(call, folder, monkeypatch):
    known = {name: _moved(each, None) for name, each in sets.public_sets().items()}
    monkeypatch.setattr(sets, "public_sets", lambda: known)
    done = call("fetch", "mine/small")
    assert done.code == 5
    assert "get it from https://example.org, and put its files" in done.err


def test_through_a_proxy(call, server, folder, monkeypatch):
    known = {n: _moved(e, "http://nowhere.invalid/") for n, e in sets.public_sets().items()}
    monkeypatch.setattr(sets, "public_sets", lambda: known)
    monkeypatch.setenv("http_proxy", server.address)
    assert call("fetch", "mine/small").code == 0
    assert {path for path, _ in server.asked} == {
        f"http://nowhere.invalid/deep%20er/{name}" for name in CONTENT
    }


def test_from_a_mirror(call, server, folder, tmp_path):
    assert call("fetch", "mine/small", "--from", server.address + "/").code == 0
    assert {path for path, _ in server.asked} == {f"/mine/small/{name}" for name in CONTENT}
    assert held(folder) == CONTENT


def test_from_a_folder_and_from_the_data_root(call, server, folder, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror" / "mine" / "small"
    mirror.mkdir(parents=True)
    for name, data in CONTENT.items():
        (mirror / name).write_bytes(data)
    monkeypatch.setenv("ORDINO_DATA", str(tmp_path / "mirror"))
    assert call("fetch", "mine/small").out == f"mine/small: 3 files in {mirror}\n"
    assert not folder.exists()
    assert call("fetch", "mine/small", "--from", tmp_path / "mirror").code == 0
    assert held(folder) == CONTENT
    (folder / "i0.txt").unlink()
    (mirror / "i0.txt").unlink()
    done = call("fetch", "mine/small", "--from", tmp_path / "mirror")
    assert done.code == 5
    assert "no such file in the mirror" in done.err
    assert server.asked == []


def zipped(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(members, link=None):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if link:
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, link, 0
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_from_an_archive(call, server, folder, tmp_path, pack, name):
    packed = pack({f"set-1.0/data/{n}": data for n, data in CONTENT.items()} | {"README": b"hi"})
    (tmp_path / name).write_bytes(packed)
    assert call("fetch", "mine/small", "--from", tmp_path / name).code == 0
    assert held(folder) == CONTENT
    for path in folder.iterdir():
        path.unlink()
    server.content[name] = packed
    assert call("fetch", "mine/small", "--from", f"{server.address}/{name}").code == 0
    assert held(folder) == CONTENT
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


BAD_ARCHIVES = {
    "climbs.zip": (zipped({"../../i0.txt": CONTENT["i0.txt"]}), "leads out of its folder"),
    "climbs.tar.gz": (tarred({"a/../../i0.txt": CONTENT["i0.txt"]}), "leads out of its folder"),
    "absolute.tar.gz": (tarred({"/etc/i0.txt": CONTENT["i0.txt"]}), "leads out of its folder"),
    "windows.zip": (zipped({"..\\..\\i0.txt": CONTENT["i0.txt"]}), "leads out of its folder"),
    "link.tar.gz": (tarred({"i0.txt": b""}, "/etc/passwd"), "is a link"),
    "lacks.zip": (zipped({"i0.txt": CONTENT["i0.txt"]}), "does not hold i1.txt"),
    "other.zip": (zipped(dict.fromkeys(CONTENT, b"x")), "is not what the catalogue lists"),
    "cut.zip": (zipped(CONTENT)[:-300], "no archive that can be read"),
    "cut.tar.gz": (tarred(CONTENT)[:300], "no archive that can be read"),
    "text.zip": (b"hello", "no archive that can be read"),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_a_bad_archive(call, folder, tmp_path, name):
    data, told = BAD_ARCHIVES[name]
    (tmp_path / "archives").mkdir()
    path = tmp_path / "archives" / name
    path.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    done = call("fetch", "mine/small", "--from", path)
    assert (done.code, done.out) == (5, "")
    assert told in done.err
    assert done.err.count("\n") == 1
    assert sorted(set(tmp_path.iterdir()) - {tmp_path / "cache"}) == before
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] in (
        [],
        [folder / "i0.txt"],
    )


WRONG = {
    "set": (("mine/smal",), "did you mean mine/small"),
    "no set": ((), "missing argument"),
    "mirror": (("mine/small", "--from", "nowhere"), "no such folder"),
    "scheme": (("mine/small", "--from", "ftp://x/y"), "http(s)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage(call, folder, case):
    arguments, told = WRONG[case]
    done = call("fetch", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err.lower()
