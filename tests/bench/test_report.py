import html.parser
import json
import re
import shutil
import subprocess

import pytest
from kits.records import many, record, store

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), "")


PROBE = """
<pre id="probe"></pre>
<script>
const found = {};
const table = document.querySelector("#instances"), rows = () => [...table.tBodies[0].rows];
const column = index => rows().map(row => row.cells[index].textContent);
const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
const gap = heads.indexOf("gap");
table.tHead.rows[0].cells[gap].querySelector("button").click();
found.ascending = column(gap);
table.tHead.rows[0].cells[gap].querySelector("button").click();
found.descending = column(gap);
found.sorted = table.tHead.rows[0].cells[gap].getAttribute("aria-sort");
const form = document.querySelector(".filters");
const visible = () => rows().filter(row => row.checkVisibility()).length;
found.all = visible();
form.elements[0].value = "i77";
form.dispatchEvent(new Event("input"));
found.text = visible();
form.elements[0].value = "";
form.elements[2].value = "tabu";
form.dispatchEvent(new Event("input"));
found.method = visible();
found.count = document.getElementById("count").textContent;
found.lines = [...document.querySelectorAll("path.line")].map(path => path.getTotalLength());
const charts = [...document.querySelectorAll("svg.chart")];
found.drawn = charts.map(svg => svg.getBoundingClientRect().width);
found.resources = performance.getEntriesByType("resource").map(entry => entry.name);
found.width = [document.documentElement.scrollWidth, innerWidth];
found.ground = getComputedStyle(document.body).backgroundColor;
document.getElementById("probe").textContent = "PROBE" + JSON.stringify(found) + "EBORP";
</script>
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return store(tmp_path_factory.mktemp("made") / "store", many(400))


def test_report_of_a_store(call, made):
    done = call("bench", "report", "--store", made.path)
    assert (done.code, done.out) == (0, "")
    page = (made.path / "report.html").read_text()
    words = (made.path / "report.md").read_text()
    for told in ("alpha/one", "cpsat", "Wilcoxon", "Somebody 2020", "ordino bench run --set alpha"):
        assert told in page
        assert told in words
    assert page.count('<svg class="chart"') == 9
    assert f'href="solutions/{0:032x}.json"' in page


def test_a_page_needs_nothing_else(call, made):
    call("bench", "report", "--store", made.path)
    page = (made.path / "report.html").read_text()
    opened = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            values = dict(attrs)
            assert "src" not in values
            assert tag not in ("script", "style") or not values
            if tag not in ("input", "meta", "link"):
                opened.append(tag)

        def handle_startendtag(self, tag, attrs):
            assert "src" not in dict(attrs)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Reader().feed(page)
    assert opened == []
    assert not re.search(r"(https?:)?//[a-z]", page.split("<h2>Notes")[0])


def test_words_of_a_plan_are_no_html(call, tmp_path):
    bad = "<script>alert(1)</script>"
    made = store(
        tmp_path / "store",
        [record(0, bad, message=bad, outcome="crashed", command=bad, known_source=bad)],
    )
    assert call("bench", "report", "--store", made.path).code == 0
    assert bad not in (made.path / "report.html").read_text()


def test_marks_and_failures_are_told(call, tmp_path):
    runs = [
        record(0, "a", objectives=(99,), versus_known="better", second_check="valid"),
        record(1, "a", objectives=(), outcome="out_of_memory", message="more than 300 MiB"),
    ]
    made = store(tmp_path / "store", runs)
    call("bench", "report", "--store", made.path, "-o", tmp_path / "r.md")
    words = (tmp_path / "r.md").read_text()
    assert "| 99 ! |" in words
    assert "better than best known, marked ! (second check: 1 valid)" in words
    assert "| out of memory | more than 300 MiB |" in words


WRONG = {
    "no store": (("report", "--store", "nowhere"), 2, "no store of runs"),
    "ending": (("report", "--store", "store", "-o", "x.pdf"), 2, ".html or .md"),
    "empty": (("report", "--store", "empty"), 2, "no run is recorded"),
    "sql": (("query", "selec", "--store", "store"), 2, "query: Parser Error"),
    "table": (("query", "select * from run", "--store", "store"), 2, "query: Catalog Error"),
    "export": (("query", "-o", "x.xls", "--store", "store"), 2, ".parquet"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage(call, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    store("store", [record(0, "a")])
    store("empty", [])
    arguments, code, told = WRONG[case]
    done = call("bench", *arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert done.err.count("\n") == 1


def test_query_tables_and_exports(call, tmp_path):
    import duckdb

    made = store(tmp_path / "store", [record(0, "a"), record(1, "a", objectives=())])
    count = "select count(*) as n from runs"
    done = call("bench", "query", count, "--store", made.path, "--json")
    assert json.loads(done.out) == [{"n": 2}]
    assert call("bench", "query", count, "--store", made.path, "--csv").out == "n\n2\n"
    traces = "select key, seconds, objective from traces order by seconds"
    done = call("bench", "query", traces, "--store", made.path, "--json")
    assert [row["objective"] for row in json.loads(done.out)] == [120, 110, 105]
    for ending in ("csv", "json", "jsonl", "parquet"):
        target = tmp_path / f"out.{ending}"
        assert call("bench", "query", "-o", target, "--store", made.path).code == 0
        found = duckdb.sql(f"select count(*), min(objective) from '{target}'").fetchall()
        assert [tuple(map(float, row)) for row in found] == [(2.0, 105.0)]
    held = duckdb.sql(f"select count(*) from read_json('{made.path}/runs/*.json')").fetchall()
    assert held == [(2,)]


def test_query_of_an_empty_store(call, tmp_path):
    made = store(tmp_path / "store", [])
    for sql in ("select * from runs", "select * from traces"):
        assert call("bench", "query", sql, "--store", made.path, "--json").out == "[]\n"


def test_compare_exits_with_7(call, tmp_path):
    first = store(tmp_path / "a", [record(0, "a", objectives=(100,))])
    second = store(tmp_path / "b", [record(0, "a", objectives=(103,))])
    done = call("bench", "compare", first.path, second.path)
    assert done.code == 7
    assert "alpha/one/i0 a: objective: 100 before, 103 after" in done.out
    done = call("bench", "compare", first.path, second.path, "--json")
    assert len(json.loads(done.out)["regressions"]) == 2
    assert call("bench", "compare", second.path, first.path).code == 0


@pytest.mark.parametrize(
    ("size", "dark"), [("1200,900", False), ("500,900", True)], ids=["wide", "phone in the dark"]
)
def test_in_a_browser(call, made, tmp_path, size, dark):
    if not BROWSER:
        pytest.skip("no Chromium on this machine")
    call("bench", "report", "--store", made.path)
    text = (made.path / "report.html").read_text()
    page = tmp_path / "probe.html"
    page.write_text(text.replace("</body>", PROBE + "</body>"))
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={size}"]
    words += ["--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    if dark:
        words.append("--blink-settings=preferredColorScheme=0")
    done = subprocess.run(
        [*words, page.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    assert "CONSOLE" not in done.stderr
    found = json.loads(re.search("PROBE(.*)EBORP</pre>", done.stdout)[1].replace("&amp;", "&"))
    assert found["resources"] == []
    gaps = [float(text.rstrip(" %")) for text in found["ascending"]]
    assert gaps == sorted(gaps)
    assert len(gaps) == found["all"] == 400
    gaps = [float(text.rstrip(" %")) for text in found["descending"]]
    assert gaps == sorted(gaps, reverse=True)
    assert found["sorted"] == "descending"
    assert (found["text"], found["method"], found["count"]) == (4, 100, "100 of 400")
    assert len(found["drawn"]) == 9
    assert min(found["drawn"]) > 200
    assert len(found["lines"]) >= 4 * 9
    assert min(found["lines"]) > 10
    assert found["width"][0] <= found["width"][1]
    assert (found["ground"] == "rgb(255, 255, 255)") != dark
