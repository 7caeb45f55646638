"""Many at once, by the wire: nobody fills the memory, keeps others waiting or locks them out, and the end is quick."""

import asyncio
import http.client
import io
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.websockets import WebSocket
from support import commands
from support.playground import LIBRARY, SOON, Page, kinds_in, opened, wait_until
from uvicorn import Config
from uvicorn.server import ServerState

from inkgrad.check import course
from inkgrad.errors import Interrupted
from inkgrad.web import handlers, make_app
from inkgrad.web.connection import Connection
from inkgrad.web.experiment import experiment
from inkgrad.web.receiving import received, while_connected
from inkgrad.web.socket import training_socket
from inkgrad.web.visitors import Visitors


@contextmanager
def served(*options, signal_at_end=signal.SIGTERM, **settings):
    """A playground in a process of its own, and its port."""
    process = commands.started(commands.command("serve", "--port", 0, "--no-browser", *options), **settings)
    try:
        process.address = process.stdout.readline().split()[4]
        process.port = int(process.address.rpartition(":")[2])
        yield process
    finally:
        process.send_signal(signal_at_end)
        _, process.complaints = process.communicate(timeout=SOON)
    assert "Traceback" not in process.complaints


@pytest.fixture(scope="module")
def server():
    with served() as process:
        yield process


@pytest.fixture
def port(server):
    return server.port


@contextmanager
def asking(port, method, path, body=b"", token=None, headers=()):
    """A request that was sent, whose answer nobody has read yet."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)) as connection:
        connection.request(method, path, body, {"x-visitor": token} if token else {})
        yield connection


def asked(port, method, path, body=b"", token=None):
    """The status, the headers and the JSON of an answer."""
    with asking(port, method, path, body, token) as connection:
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())


def entered(port):
    """The token of a new visitor."""
    return asked(port, "POST", "/api/visitors", b"{}")[2]["token"]


def begun(port, text):
    """A connection on which something was begun."""
    line = socket.create_connection(("127.0.0.1", port), timeout=SOON)
    line.sendall(text.encode())
    return line


def is_closed(line):
    """Whether the other side has closed a connection on which nothing came."""
    ready, _, _ = select.select([line], [], [], 0)
    try:
        return bool(ready) and line.recv(1) == b""
    except ConnectionResetError:
        return True


HALF = {
    "nothing": "",
    "half a line": "GET / HT",
    "half the headers": "GET / HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": "POST /api/visitors HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    "a socket that says nothing": "GET /api/training/points HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
}


@pytest.mark.parametrize("half", HALF.values(), ids=HALF)
def test_of_many_half_open_requests_of_an_address_the_last_eight_stay(port, half):
    token = entered(port)
    with ExitStack() as stack:
        lines = [stack.enter_context(begun(port, half)) for _ in range(30)]
        if "Upgrade" in half:
            assert all(line.recv(12) == b"HTTP/1.1 101" for line in lines)
            assert all(b"\r\n\r\n" in line.recv(2000) for line in lines)
        assert asked(port, "GET", "/api/digits/0", token=token)[0] == 200  # all the while
        wait_until(lambda: sum(map(is_closed, lines)) == 22)
        assert asked(port, "GET", "/api/digits/0", token=token)[0] == 200


@pytest.mark.slow
def test_half_open_requests_are_closed_after_ten_seconds(port):
    start = time.monotonic()
    with ExitStack() as stack:
        lines = {stack.enter_context(begun(port, half)): name for name, half in HALF.items()}
        while lines:
            ready, _, _ = select.select(lines, [], [], SOON)
            assert ready, f"still open: {', '.join(lines.values())}"
            for line in ready:
                if not line.recv(1000):
                    assert time.monotonic() - start > 9, lines[line]
                    del lines[line]


@pytest.mark.slow
def test_a_client_that_drips_is_closed_too(port):
    with begun(port, "GET / HTTP/1.1\r\n") as line:
        for letter in "x" * 30:
            line.sendall(letter.encode())
            if select.select([line], [], [], 1)[0]:
                break
        assert is_closed(line)


@pytest.mark.slow
def test_a_visitor_s_half_body_is_refused_with_a_word(port):
    text = f"POST /api/read HTTP/1.1\r\nHost: localhost\r\nX-Visitor: {entered(port)}\r\nContent-Length: 100\r\n\r\n"
    with begun(port, text + "half") as line:
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert (answer.status, answer.getheader("connection")) == (408, "close")
        assert json.loads(answer.read())["error"] == "the request did not come to its end in time: send it again"


def test_connections_that_a_visitor_is_known_on_are_not_closed_for_those_of_strangers(port):
    connect = pytest.importorskip("websockets.sync.client", reason="the extra web has websockets").connect
    with connect(f"ws://127.0.0.1:{port}/api/training/points") as known, ExitStack() as stack:
        known.send(json.dumps({"token": entered(port)}))
        lines = [stack.enter_context(begun(port, "")) for _ in range(30)]
        wait_until(lambda: sum(map(is_closed, lines)) == 22)
        known.send(json.dumps({"do": "epoch"}))
        while json.loads(known.recv(timeout=SOON))["epoch"] < 1:
            pass


class Wire(asyncio.Transport):
    """A connection of one address, on which nothing comes."""

    def __init__(self, protocol):
        self.protocol, self.is_open = protocol, True
        protocol.connection_made(self)

    def get_extra_info(self, name, default=None):
        return self if name == "socket" else default

    def getpeername(self):
        return "127.0.0.2", 1

    getsockname = getpeername

    def fileno(self):
        return 7 if self.is_open else -1

    def is_closing(self):
        return not self.is_open

    def get_write_buffer_size(self):
        return 0

    def abort(self):
        self.is_open = False
        self.protocol.connection_lost(ConnectionAbortedError())


def test_a_connection_is_let_in_as_quickly_however_many_there_are(monkeypatch):
    n_looks, is_waiting = 0, Connection.is_waiting.fget

    def counted(connection):
        nonlocal n_looks
        n_looks += 1
        return is_waiting(connection)

    async def test():
        config, state, rooms = Config(make_app()), ServerState(), {}
        wires = [Wire(Connection(config, state, {"rooms": rooms})) for _ in range(2000)]
        assert [wire.is_open for wire in wires] == [False] * 1760 + [True] * 240  # the last ones stay
        assert n_looks <= 2000
        wires[-1].protocol.belong_to("a visitor")
        assert sorted(map(len, rooms.values())) == [1, 239]
        for wire in wires[1760:]:
            wire.abort()
        assert rooms == {}  # nobody is remembered

    monkeypatch.setattr(Connection, "is_waiting", property(counted))
    asyncio.run(asyncio.wait_for(test(), SOON))


def test_a_full_house_lets_in_who_is_already_there():
    with served("--visitors", 2) as server:
        tokens = [entered(server.port) for _ in range(2)]
        status, headers, _ = asked(server.port, "POST", "/api/visitors", b"{}")
        assert (status, headers["retry-after"]) == (503, "2")
        with ExitStack() as stack:
            for _ in range(30):
                stack.enter_context(begun(server.port, ""))
            for token in tokens:
                assert asked(server.port, "POST", "/api/visitors", json.dumps({"token": token}))[2]["resumed"]
                assert asked(server.port, "GET", "/api/digits/0", token=token)[0] == 200


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("0.0.0.0", "inkgrad: whoever reaches this machine over the network may come in now, 3 at a time: "),
        ("", "inkgrad: whoever reaches this machine over the network may come in now, 3 at a time: "),
        ("127.0.0.1", ""),
        ("127.1", ""),
        ("localhost", ""),
    ],
)
def test_who_may_come_in_is_said_where_it_is_not_this_machine_alone(host, said):
    with served("--host", host, "--visitors", 3) as server:
        assert server.address == f"http://{'0.0.0.0' if said else '127.0.0.1'}:{server.port}"
    assert server.complaints == (said and f"{said}there is no password\n")


# Answers that nobody takes.

HAS_PROC = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="/proc tells the memory and the files")
PLOTLY = "GET /plotly.min.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"  # 4.5 MB


def memory(process, what):
    """Memory of a process, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split(what)[1].split()[0]) / 1000


def n_files(process):
    """How many files and connections a process has open."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def greedy(port):
    """A connection that asks for much, and takes nothing."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(SOON)
    line.connect(("127.0.0.1", port))
    line.sendall(PLOTLY.encode())
    return line


def taken(line, most=10**9):
    """Take what comes on a connection, until it is enough or the end; return how many bytes."""
    n = 0
    with suppress(ConnectionResetError):
        while n < most and (part := line.recv(1_000_000)):
            n += len(part)
    return n


@HAS_PROC
def test_an_answer_that_nobody_takes_is_not_in_memory():
    with served() as server, ExitStack() as stack:
        token = entered(server.port)
        before = memory(server, "VmHWM:")
        lines = [stack.enter_context(greedy(server.port)) for _ in range(60)]
        assert all(line.recv(1) for line in lines)
        assert asked(server.port, "GET", "/api/digits/0", token=token)[0] == 200
        assert memory(server, "VmHWM:") < before + 60  # megabytes; the answers have 270


@HAS_PROC
def test_of_many_who_take_nothing_the_last_eight_stay():
    with served() as server, ExitStack() as stack:
        token = entered(server.port)
        before = n_files(server)
        lines = [stack.enter_context(greedy(server.port)) for _ in range(30)]
        assert all(line.recv(1) for line in lines)
        wait_until(lambda: n_files(server) <= before + 8)
        assert asked(server.port, "GET", "/api/digits/0", token=token)[0] == 200


@pytest.mark.slow
def test_who_takes_nothing_is_closed_after_ten_seconds():
    with served() as server, greedy(server.port) as line:
        assert line.recv(1)
        before = n_files(server)
        wait_until(lambda: n_files(server) < before)
        assert taken(line) < 4_000_000


@pytest.mark.slow
def test_who_takes_little_at_a_time_gets_all(port):
    with greedy(port) as line:
        n = 0
        for _ in range(15):  # seconds, more than one may be silent
            n += taken(line, 100_000)
            time.sleep(1)
        assert n + taken(line) > 4_000_000


@pytest.mark.parametrize("network", ["cnn", "trained"])
def test_a_model_is_sent_whole_and_leaves_no_file(port, network):
    with asking(port, "GET", f"/api/model?network={network}", token=entered(port)) as connection:
        answer = connection.getresponse()
        assert len(answer.read()) == int(answer.headers["content-length"]) > 100_000


@HAS_PROC
def test_however_fast_they_come_an_address_has_so_many_connections_and_no_more():
    with served() as server, ExitStack() as stack:
        before = n_files(server)
        for _ in range(400):
            stack.enter_context(begun(server.port, ""))
        assert asked(server.port, "POST", "/api/visitors", b"{}")[0] == 200
        assert n_files(server) < before + 240 + 20  # some that are being opened or closed


# Heavy requests.

LONG = b'{"lesson": "bias-mean"}'  # some seconds


def test_who_asks_too_much_is_refused_at_once_and_others_are_answered(port):
    much, other = entered(port), entered(port)
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(asking(port, "POST", "/api/experiment", LONG, much))
        for method, path in [
            ("POST", "/api/read"),
            ("POST", "/api/check"),
            ("POST", "/api/experiment"),
            ("POST", "/api/confusion"),
            ("POST", "/api/misread"),
            ("POST", "/api/correct"),
            ("POST", "/api/corrections"),
            ("POST", "/api/picture"),
            ("POST", "/api/model"),
            ("GET", "/api/model"),
        ]:
            status, headers, answer = asked(port, method, path, LONG, much)
            assert (status, headers["retry-after"]) == (429, "2")
            line = "5 things that take long are asked already: wait until one is done"
            assert answer == {"code": "busy", "error": line}
            status, _, _ = asked(port, method, f"{path}?network=nothing", b"{}", other)
            assert status in (200, 400)  # it had its place
        assert asked(port, "GET", "/api/digits/0", token=much)[0] == 200  # what is light goes on


@pytest.mark.parametrize("n", [100, 500_000], ids=["with a word", "with a file"])
def test_who_has_gone_leaves_the_place_to_others(port, n):
    token = entered(port)
    with asking(port, "POST", "/api/experiment", LONG, token) as still_here:
        for _ in range(4):  # as many as may wait
            with asking(port, "POST", "/api/read", bytes(n), token):
                pass
        wait_until(lambda: is_taken(port, token))
        assert not select.select([still_here.sock], [], [], 0)[0]  # all the while it was worked on


def is_taken(port, token):
    """Whether something heavy may wait, for it is refused at once where it may not."""
    with asking(port, "POST", "/api/misread", b"{}", token) as connection:
        return not select.select([connection.sock], [], [], 0.3)[0]


@pytest.mark.slow
@HAS_PROC
def test_waiting_pictures_are_not_in_memory():
    with served() as server, ExitStack() as stack:
        tokens = [entered(server.port) for _ in range(12)]
        for token in tokens[:2]:
            stack.enter_context(asking(server.port, "POST", "/api/experiment", LONG, token))
        before = memory(server, "VmRSS:")
        for token in tokens[2:]:
            stack.enter_context(asking(server.port, "POST", "/api/read", bytes(20_000_000), token))
        assert asked(server.port, "GET", "/api/digits/0", token=tokens[0])[0] == 200
        assert memory(server, "VmHWM:") < before + 100  # megabytes; the pictures have 200


TURNS = """
import threading
import time
from pathlib import Path
from inkgrad.web.playground_server import share_arenas

share_arenas()
turn, end, kept = threading.Lock(), threading.Event(), []

def work():
    with turn:
        blocks = [bytearray(100_000) for _ in range(200)]
        kept.append(bytearray(100_000))  # what lies below it in memory is not given back
        del blocks
    end.wait()

def megabytes():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1000

before = megabytes()
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads:
    thread.start()
while len(kept) < len(threads):
    time.sleep(0.01)  # seconds
with turn:
    print(megabytes() - before)
end.set()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory")
def test_what_one_thread_has_freed_serves_the_next():
    assert float(commands.output_of(TURNS)) < 80  # megabytes; each of 16 threads takes 20 and frees them


def filled(line):
    """Send zeros until the other side takes no more; return how many."""
    n, line_ = 0, line.dup()
    with closing(line_):
        line_.setblocking(False)
        while select.select([], [line_], [], 0.5)[1]:
            n += line_.send(bytes(100_000))
    return n


def picture_of(n_bytes, token):
    """The beginning of a request with a picture."""
    return f"POST /api/read HTTP/1.1\r\nHost: localhost\r\nX-Visitor: {token}\r\nContent-Length: {n_bytes}\r\n\r\n"


BUFFERED = 15_000_000  # bytes that the system's buffers between two ends hold, at most


def test_a_body_without_a_turn_is_not_read(port):
    token = entered(port)
    with (
        asking(port, "POST", "/api/experiment", LONG, token),
        begun(port, picture_of(20_000_000, token)) as line,
    ):
        assert filled(line) < BUFFERED


@pytest.mark.parametrize("n_bytes", [20_000_000, 10**12])
def test_a_large_body_that_is_refused_is_not_read_and_the_client_hears_why(port, n_bytes):
    token = entered(port)
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(asking(port, "POST", "/api/experiment", LONG, token))
        line = stack.enter_context(begun(port, picture_of(n_bytes, token)))
        assert filled(line) < BUFFERED
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 429


def test_an_experiment_stops_before_the_next_epoch():
    asked = []
    with pytest.raises(Interrupted, match="the experiment was stopped"):
        experiment("bias-mean", LIBRARY.digits, lambda: asked.append(1) or len(asked) == 3)
    assert len(asked) == 3


class StoppedAt:
    """An event that is set when it was asked so often; meanwhile it hears how far the check has come."""

    def __init__(self, n, visitor):
        self.n, self.visitor, self.heard = n, visitor, []

    def is_set(self):
        self.heard.append(handlers.check_progress(self.visitor, None, None)["progress"])
        self.training_gives_way = self.visitor.way.is_taken
        return len(self.heard) == self.n


def test_a_check_says_how_far_it_has_come_and_stops_before_the_next_evaluation(monkeypatch):
    monkeypatch.setattr(course, "TELLS_AFTER", -1.0)
    monkeypatch.setattr(course, "TELLS_EVERY", -1.0)
    with opened() as client:
        visitor = Page(client).visitor
        stop = StoppedAt(3, visitor)
        request = Request({"type": "http", "state": {"stop": stop}})
        with pytest.raises(Interrupted, match="the check was stopped"):
            handlers.check(visitor, request, io.BytesIO(b'{"which": "points"}'))
        first, second, third = stop.heard
        assert first == ""
        assert second.startswith("checking Softmax 3, part 1 of 6: 1 evaluations, ")
        assert third.startswith("checking Softmax 3, part 1 of 6: 2 evaluations, ")
        assert stop.training_gives_way
        assert not visitor.way.is_taken
        assert handlers.check_progress(visitor, None, None) == {"progress": ""}  # nothing is left of it


def request_of(*messages):
    """A request whose client sends these messages, and no more."""
    left = list(messages)

    async def receive():
        return left.pop(0) if left else await asyncio.Event().wait()

    return Request({"type": "http", "headers": []}, receive)


def body(text, more=False):
    return {"type": "http.request", "body": text, "more_body": more}


GONE = {"type": "http.disconnect"}


def test_what_is_worked_on_for_a_client_that_goes_is_cancelled():
    async def test():
        lost = asyncio.Event()
        asyncio.get_running_loop().call_soon(lost.set)
        async with while_connected(lost):
            await asyncio.Event().wait()

    with pytest.raises(ClientDisconnect):
        asyncio.run(asyncio.wait_for(test(), SOON))


def test_half_a_body_of_a_client_that_goes_is_dropped():
    async def test():
        async with received(request_of(body(b"half", more=True), GONE), 1000):
            raise AssertionError("it was taken for a whole one")

    with pytest.raises(ClientDisconnect):
        asyncio.run(asyncio.wait_for(test(), SOON))


@pytest.mark.parametrize("n", [1_000_000, 1_000_001, 3_000_000])
def test_a_body_is_the_same_in_memory_and_on_disk(n):
    sent = bytes(range(256)) * (n // 256 + 1)

    async def test():
        chunks = [body(sent[k : min(k + 65_536, n)], more=True) for k in range(0, n, 65_536)]
        async with received(request_of(*chunks, body(b"")), n) as file:
            assert file.read() == sent[:n]
            assert file._rolled == (n > 1_000_000)
        assert file.closed

    asyncio.run(asyncio.wait_for(test(), SOON))


def test_a_full_disk_is_said_in_one_line():
    resource = pytest.importorskip("resource", reason="Unix limits the size of files")
    with served(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))) as server:
        token = entered(server.port)
        line = "the disk of the playground fails (File too large): send less, or try later"
        asks = ("POST", "/api/read", bytes(2_000_000)), ("POST", "/api/model", bytes(500_000)), ("GET", "/api/model")
        for each in asks:
            status, _, answer = asked(server.port, *each, token=token)
            assert (status, answer) == (507, {"code": "disk", "error": line})
        assert asked(server.port, "GET", "/api/digits/0", token=token)[0] == 200
    assert server.complaints == ""


def framed(text):
    """A short text as a client sends it over a socket, with a mask of zeros."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode()


@pytest.mark.parametrize("who", ["a visitor", "a stranger"])
def test_who_goes_while_an_error_is_told_leaves_no_trace(who):
    with served() as server:
        first = json.dumps({"token": entered(server.port) if who == "a visitor" else "x"})
        for _ in range(20):
            with begun(server.port, HALF["a socket that says nothing"]) as line:
                assert line.recv(2000).startswith(b"HTTP/1.1 101")
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it goes with a bang
                line.sendall(framed(first) + 100 * framed("{"))
        assert asked(server.port, "POST", "/api/visitors", b"{}")[0] == 200
    assert server.complaints == ""


# What takes long, and who says much at once.


@contextmanager
def slow_step(trainer):
    """A step that goes on for longer than anything may wait for it; the test fails where something did."""
    begun, ended = threading.Event(), threading.Event()

    def hold():
        with trainer.busy:
            begun.set()
            ended.wait(SOON)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert begun.wait(SOON)
    yield
    assert thread.is_alive()
    ended.set()
    thread.join(SOON)


INK = np.full((28, 28), 255, np.uint8)


def test_nobody_waits_for_a_slow_step():
    with opened() as client:
        page = Page(client)
        digits, points = page.visitor.trainers.values()
        with slow_step(digits), slow_step(points):
            for trainer in digits, points:
                assert (trainer.error(), trainer.is_up_to_date) == (None, True)
            assert page.draw("think", INK, "trained")["can_undo"] == 0
            assert page.ask("/api/check", {"which": "points"})["ok"]
            assert page.model_file("trained")
            with page.training("digits") as line, page.training("points") as other:
                assert (line.state()["step"], other.state()["epoch"]) == (0, 0)


def test_however_many_look_at_slow_steps_the_others_are_shown_theirs():
    with opened() as client, ExitStack() as stack:
        for _ in range(4):
            page = Page(client)
            stack.enter_context(slow_step(page.visitor.trainers["digits"]))
            for _ in range(4):
                stack.enter_context(page.training("digits"))
        with Page(client).training() as line:
            line.tell("epoch")
            line.state(lambda state: state["epoch"] == 1)


def test_a_server_ends_without_waiting_for_a_slow_step():
    with ExitStack() as stack, opened() as client:
        page = Page(client)
        trainer = page.visitor.trainers["digits"]
        with page.training("digits") as line:
            line.tell("step")
            line.state(lambda state: state["step"] == 1)
        wait_until(lambda: trainer.is_up_to_date)
        stack.enter_context(slow_step(trainer))
        with page.training("digits") as line:
            line.tell("step")
            line.state()


def test_who_says_much_at_once_lets_others_have_their_turn():
    """All of it has come already, and nothing has to be waited for."""
    visitors = Visitors(LIBRARY)
    visitor, _ = visitors.enter(None)
    said = [json.dumps({"token": visitor.token}), *['{"do": "pause"}'] * 100]
    messages = iter([{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": each} for each in said)])
    n_turns = 0

    async def receive():
        return next(messages, {"type": "websocket.disconnect", "code": 1000})

    async def send(message):
        pass

    async def others():
        nonlocal n_turns
        while True:
            n_turns += 1
            await asyncio.sleep(0)

    async def test():
        task = asyncio.create_task(others())
        scope = {"type": "websocket", "path_params": {"which": "points"}}
        await training_socket(visitors)(WebSocket(scope, receive, send))
        task.cancel()

    asyncio.run(asyncio.wait_for(test(), SOON))
    visitor.close()
    assert n_turns >= 100


def test_a_socket_is_read_a_little_at_a_time(monkeypatch):
    """However much has come: pings are answered, and messages unpacked, as they are read, before anything else."""
    protocol = pytest.importorskip("uvicorn.protocols.websockets.websockets_sansio_impl").WebSocketsSansIOProtocol
    sizes, receive = [], protocol.data_received

    def counted(socket, data):
        sizes.append(len(data))
        receive(socket, data)

    async def test():
        config, rooms = Config(make_app(), ws="websockets-sansio"), {}
        make = partial(Connection, config, ServerState(), {"rooms": rooms})
        async with await asyncio.get_running_loop().create_server(make, "127.0.0.1") as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(HALF["a socket that says nothing"].encode())
            await reader.readuntil(b"\r\n\r\n")
            sizes.clear()
            writer.write(bytes([0x89, 0x80, 0, 0, 0, 0]) * 5000)
            assert await reader.readexactly(10_000) == bytes([0x8A, 0]) * 5000
            writer.close()

    monkeypatch.setattr(protocol, "data_received", counted)
    asyncio.run(asyncio.wait_for(test(), SOON))
    assert (sum(sizes), max(sizes)) == (30_000, 1000)


def test_a_socket_that_says_more_than_any_page_is_closed(port):
    websockets = pytest.importorskip("websockets", reason="the extra web has them")
    connect = pytest.importorskip("websockets.sync.client", reason="the extra web has websockets").connect
    with connect(f"ws://127.0.0.1:{port}/api/training/points") as line:
        line.send(json.dumps({"token": entered(port)}))
        line.send(json.dumps({"do": "step", "x": "x" * 99_000}))
        while json.loads(line.recv(timeout=SOON))["step"] < 1:
            pass
        line.send("x" * 100_001)
        with pytest.raises(websockets.ConnectionClosed) as end:
            line.recv(timeout=SOON)
        assert end.value.rcvd.code == 1009  # too large


# The end.


def trained(port, stack):
    """Four visitors who train two things each."""
    connect = pytest.importorskip("websockets.sync.client", reason="the extra web has websockets").connect
    for token in [entered(port) for _ in range(4)]:
        for which in "digits", "points":
            line = stack.enter_context(connect(f"ws://127.0.0.1:{port}/api/training/{which}"))
            line.send(json.dumps({"token": token}))
            line.send(json.dumps({"do": "start"}))
            while not json.loads(line.recv(timeout=SOON))["running"]:
                pass


SLOW = {"layers": [{"kind": "conv", "size": 128, "activation": "GELU"}] * 3, "batch_size": 26}  # a step has 15 s


def slowly_trained(port, stack):
    """A visitor whose training is in a step that takes long, who looks at it from two windows, and asks of it."""
    connect = pytest.importorskip("websockets.sync.client", reason="the extra web has websockets").connect
    token = entered(port)
    for _ in range(2):
        line = stack.enter_context(connect(f"ws://127.0.0.1:{port}/api/training/digits"))
        line.send(json.dumps({"token": token}))
        line.send(json.dumps({"do": "change", "settings": SLOW | {"cost": "SoftmaxCrossEntropy"}}))
        while "Conv2D" not in kinds_in(json.loads(line.recv(timeout=SOON))["network"]):
            pass
        line.send(json.dumps({"do": "step"}))
    for what in "think", "undo":
        stack.enter_context(asking(port, "POST", f"/api/{what}?network=trained&width=28&height=28", bytes(784), token))


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGTERM, signal.SIGHUP))],
    ids=lambda number: number.name,
)
def test_whatever_is_under_way_the_end_is_quick_and_clean(number):
    most = 10  # seconds; 2 where nothing else runs, 34 before
    with ExitStack() as stack:
        with served(signal_at_end=number) as server:
            trained(server.port, stack)
            slowly_trained(server.port, stack)
            for _ in range(4):
                token = entered(server.port)
                for _ in range(5):
                    stack.enter_context(asking(server.port, "POST", "/api/experiment", LONG, token))
            for half in [*HALF.values(), PLOTLY]:
                stack.enter_context(begun(server.port, half))
            for _ in range(5):
                assert stack.enter_context(greedy(server.port)).recv(1)
            start = time.monotonic()
        assert time.monotonic() - start < most
    expected = {signal.SIGINT: (2, "inkgrad: interrupted\n")}.get(number, (-signal.SIGTERM, ""))
    assert (server.returncode, server.complaints) == expected
