import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from origin.recipe import OutputFormat
from tests.bench.service import peers, wsgi
from tests.bench.service.__main__ import main
from tests.bench.service.cases import CASES, Picture, mixture
from tests.bench.service.contestants import BlendBeat
from tests.bench.service.figures import figures
from tests.bench.service.learnt import hits
from tests.bench.service.load import Load, NoFigure, Target, at_once, closed_loop, steadily
from tests.bench.service.options import read
from tests.bench.service.pictures import draw
from tests.bench.service.processes import cpu_s, resident_mib, watched
from tests.bench.service.program import Program
from tests.bench.service.scene import Measured, Row
from tests.pictures import decoded
from tests.webserver import SourceServer

OURS, REFERENCE = Row("jpeg", "ours"), Row("jpeg", "reference")


def measured(row: Row, per_s: float, p99_ms: float = 10.0, reference: Row | None = None) -> Measured:
    return Measured(row, Load(int(per_s), 1.0, 5.0, 8.0, p99_ms, 20.0), 0.5, 100.0, reference)


def test_a_ratio_is_taken_within_a_round_so_what_slows_a_whole_round_down_does_not_count() -> None:
    rounds = [
        {OURS: measured(OURS, rate * 0.8, 20.0, REFERENCE), REFERENCE: measured(REFERENCE, rate, 10.0)}
        for rate in (100, 10, 50)
    ]
    ours, reference = figures(rounds, {})
    assert ours.of_reference == pytest.approx(0.8)
    assert ours.p99_of_reference == pytest.approx(2.0)
    assert ours.per_s == 40
    assert ours.cpu_ms == pytest.approx(500 / 40)
    assert reference.of_reference is None


def test_a_contestant_that_answers_nothing_has_no_ratio_and_no_cost() -> None:
    nothing = Measured(OURS, Load(0, 1.0, 0, 0, 0, 0), 0.5, 100.0, REFERENCE)
    ours, _ = figures([{OURS: nothing, REFERENCE: measured(REFERENCE, 10)}], {})
    assert (ours.per_s, ours.of_reference, ours.p99_of_reference, ours.cpu_ms) == (0, None, None, None)


def test_refused_answers_are_no_throughput() -> None:
    assert Load(100, 2.0, 1, 1, 1, 1, refused=40).good_per_s == 30


def test_connections_in_a_closed_loop_never_share_a_target() -> None:
    targets = [Target(f"/{number}") for number in range(200_000)]
    with SourceServer() as server:  # 404 to all of them: it counts
        load = closed_loop(server.port, targets, 1, 8, once=True)
        asked = [seen.target for seen in server.seen]
    assert load.requests > 0
    assert load.refused == load.requests
    assert len(set(asked)) == len(asked)


def test_too_few_targets_are_no_figure() -> None:
    with SourceServer() as server, pytest.raises(NoFigure):
        closed_loop(server.port, [Target("/ok")] * 9, 1, 8, once=True)


def test_targets_that_may_be_shared_begin_again_and_send_their_tags() -> None:
    with SourceServer() as server:
        load = closed_loop(server.port, [Target("/ok"), Target("/ok", '"tag"')], 1, 2, once=False)
        tags = {seen.headers.get("if-none-match") for seen in server.seen}
    assert load.requests > 2
    assert load.refused == 0
    assert tags == {None, '"tag"'}


def test_many_at_once_are_all_counted_and_so_are_those_that_are_refused() -> None:
    with SourceServer() as server:
        load = at_once(server.port, ["/ok", "/nowhere", "/ok", "/ok"])
        assert server.connections == 4
    assert (load.requests, load.refused) == (4, 1)


def test_a_steady_probe_keeps_one_connection() -> None:
    with SourceServer() as server:
        load = steadily(server.port, "/ok", seconds=0.2)
        assert server.connections == 1
        assert server.count("/ok") == load.requests


def test_the_cost_of_a_process_is_seen_while_it_works() -> None:
    with watched(os.getpid()) as cost:
        start_s = cpu_s(os.getpid())
        while cpu_s(os.getpid()) < start_s + 0.05:
            pass
    assert cost.cpu_s > 0.04
    assert cost.peak_mib > 10
    assert resident_mib(os.getpid()) > 10


def test_a_mixture_is_the_same_every_time() -> None:
    assert mixture(50, 1200) == mixture(50, 1200)
    assert {picture.format for picture in mixture(50, 1200)} == {OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.PNG}


def test_every_name_of_a_source_has_bytes_of_its_own_and_the_same_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path, small=True)
    monkeypatch.setenv(wsgi.FOLDER, str(tmp_path))

    def served(path: str) -> bytes:
        return b"".join(wsgi.source({"PATH_INFO": path}, lambda status, headers: None))

    for suffix in (".jpg", ".png", ".webp", ".avif"):
        one, other = (served(f"/{name}/photo{suffix}") for name in ("one", "other"))
        assert one != other
        assert (decoded(one) - decoded(other)).abs().max() == 0
    assert served("/seen/one") == b"4"


def test_every_contestant_spells_the_same_picture_with_the_name_of_its_source(tmp_path: Path) -> None:
    picture = Picture("photo.jpg", 512, OutputFormat.WEBP)
    contestants: list[Callable[[Path, int], Program]] = [BlendBeat, *peers.PEERS.values()]
    for contestant in contestants:
        path = contestant(tmp_path / "log", 9).path(picture, "name")
        assert "512" in path
        assert "webp" in path
        assert re.search(r"name(/|%2F)photo\.jpg", path)


def test_a_peer_whose_installer_is_not_here_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "HOME", tmp_path)
    with pytest.raises(peers.NotInstalled, match="no-such-tool is not here"):
        peers.Package("peer", "1", "no-such-tool").install()


def test_a_peer_whose_installation_fails_tells_the_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "HOME", tmp_path)
    monkeypatch.setattr(peers.Package, "commands", lambda _: [["sh", "-c", "echo first; echo last >&2; exit 1"]])
    with pytest.raises(peers.NotInstalled, match="last"):
        peers.Package("peer", "1", "sh").install()
    assert not peers.Package("peer", "1", "sh").installed


def test_cases_are_named_once_and_can_be_chosen() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert [case.name for case in read(["--cases", "herd,jpeg"]).cases] == ["jpeg", "herd"]
    with pytest.raises(SystemExit):
        read(["--cases", "no-such-case"])


def test_quick_asks_no_peers_and_writes_no_files() -> None:
    quick = read(["--quick"])
    assert (quick.peers, quick.out, quick.rounds) == ([], None, 1)
    assert list(read([]).peers) == list(peers.PEERS)


def test_the_benchmark_measures_the_service_beside_its_limits(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--cases", "jpeg,304,herd,srcset"])
    printed = capsys.readouterr().out
    for row in ("jpeg | blendBeat", "jpeg | bare pyvips", "304 | blendBeat", "304 | bare WSGI function"):
        assert f"| {row} |" in printed
    for shared in ("herd of 20", "srcset of 6"):
        assert re.search(rf"\| {shared} \| blendBeat .*\b1 fetches", printed)
    assert "refused" not in printed
    assert "broken" not in printed


def test_growth_is_told_beside_what_it_began_with(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--cases", "start,open"])
    printed = capsys.readouterr().out
    for row in ("first picture | blendBeat", "first answer | bare WSGI function", "hits, 20 idle beside | blendBeat"):
        assert f"| {row} |" in printed
    assert "refused" not in printed
    assert "broken" not in printed


def test_what_was_learnt_answers_however_much_was_learnt_after_it() -> None:
    loads = dict(hits((1, 10_000), 0.1))  # more than the fast path remembers
    assert list(loads) == [1, 10_000]
    assert all(load.requests > 1 for load in loads.values())


@pytest.mark.slow
def test_the_whole_benchmark_runs_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    main(["--quick", "--out", str(tmp_path)])
    written = json.loads((tmp_path / "latest.json").read_text())
    labels = {row["label"] for row in written["rows"]}
    by_name = {"mixed", "herd", "srcset", "start", "seen", "open", "pixels", "overload"}
    assert {case.name for case in CASES} - labels <= by_name
    assert {"a hit, beside cold", "herd of 20", "srcset of 6", "soak"} <= labels
    assert {"first answer", "hits, 64 URLs seen", "hits, 20 idle beside", "50 MP", "overload, served"} <= labels
    assert set(written["missing"]) <= {"score", "memcached"}
    assert (tmp_path / "latest.svg").read_text().startswith("<?xml")
