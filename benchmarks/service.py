"""Load the service: pictures per second, latency, and whether its memory grows.

Run: ``python benchmarks/service.py [--seconds N] [--requests N] [--workers N] [--connections N] [--batch N ...]``.

``byhand serve`` and `wrk <https://github.com/wg/wrk>`_ run as processes on the same processors, so the figures are
those of a busy machine. The picture is a digit of 28x28 pixels: as PNG to ``/v1/read``, and as bytes to
``/v1/digits``, so many in a request (``--batch``). Memory is the resident set of all processes of
the service, after a warm-up and while ``--requests`` requests are served.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SCRIPT = """wrk.method = "POST"
local file = io.open("{picture}", "rb")
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "{kind}"
"""


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=20, metavar="N", help="how long to load it (%(default)s)")
    parser.add_argument("--requests", type=int, default=0, metavar="N", help="then so many more, watching its memory")
    parser.add_argument("--warm", type=int, default=3, metavar="N", help="seconds of load before that (%(default)s)")
    parser.add_argument(
        "--batch", type=int, nargs="*", default=[1, 8, 64], metavar="N", help="pictures in a request to /v1/digits"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="of the service (%(default)s)")
    parser.add_argument("--connections", type=int, default=16, metavar="N", help="of the clients (%(default)s)")
    arguments = parser.parse_args()
    if not shutil.which("wrk") or not Path("/proc").is_dir():
        print("service.py needs wrk and Linux's /proc; on Debian, apt install wrk.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        read = script(Path(folder), "read", digit(), "image/png")
        command = [sys.executable, "-m", "byhand", "serve", "--port", "0", "--no-log", "--workers"]
        service = subprocess.Popen([*command, str(arguments.workers)], stdout=subprocess.PIPE, text=True)
        try:
            assert service.stdout is not None
            url = service.stdout.readline().split()[-1]
            report("/v1/read", 1, url + "v1/read", read, arguments)
            for batch in arguments.batch:
                body = np.asarray(Image.open(io.BytesIO(digit()))).tobytes() * batch
                many = script(Path(folder), str(batch), body, "application/octet-stream")
                report("/v1/digits", batch, url + "v1/digits", many, arguments)
            if arguments.requests:
                one = script(Path(folder), "one", bytes(784), "application/octet-stream")
                memory(service.pid, {url + "v1/read": read, url + "v1/digits": one}, arguments)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(60)
    return 0


def script(folder: Path, name: str, body: bytes, kind: str) -> Path:
    """Write wrk's script of a request."""
    picture, written = folder / f"{name}.body", folder / f"{name}.lua"
    picture.write_bytes(body)
    written.write_text(SCRIPT.format(picture=picture, kind=kind), encoding="utf-8")
    return written


def report(route: str, batch: int, url: str, script: Path, arguments: argparse.Namespace) -> None:
    """Measure a route, and print a line of the table."""
    load(url, script, arguments.warm, arguments.connections)
    told = load(url, script, arguments.seconds, arguments.connections)
    print(
        f"| `{route}` | {batch} | {told['rate']:,.0f} | {batch * told['rate']:,.0f} | {told['50']:.1f} ms "
        f"| {told['99']:.1f} ms | {told['wrong']:.0f} |",
        flush=True,
    )


def memory(pid: int, scripts: dict[str, Path], arguments: argparse.Namespace) -> None:
    """Answer many requests, and print the resident memory on the way."""
    began, done, wrong = resident(pid), 0, 0
    print(f"{done:>9,} requests: {began / 1e6:.0f} MB")
    most = began
    while done < arguments.requests:
        for url, script in scripts.items():
            told = load(url, script, 15, arguments.connections)
            done += int(told["requests"])
            wrong += int(told["wrong"])
        now = resident(pid)
        most = max(most, now)
        print(
            f"{done:>9,} requests: {now / 1e6:.0f} MB ({100 * (now / began - 1):+.1f} %), {wrong} errors",
            flush=True,
        )
    print(f"largest growth: {100 * (most / began - 1):.1f} %")


def digit() -> bytes:
    """One of scikit-learn's digits, 28x28, as PNG."""
    small = load_digits().images[7] * (255 / 16)
    large = Image.fromarray(small.astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC)
    picture = Image.new("L", (28, 28))
    picture.paste(large, (4, 4))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def load(url: str, script: Path, seconds: int, connections: int) -> dict[str, float]:
    """Run wrk; give requests a second, milliseconds by percentile, and how many answers were no good."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {
        share: float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
        for share, value, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", said, re.MULTILINE)
    }
    found["rate"] = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    found["requests"] = float(re.search(r"(\d+) requests in", said)[1])
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    found["wrong"] = (int(wrong[1]) if wrong else 0) + (sum(map(int, sockets.groups())) if sockets else 0)
    return found


def resident(pid: int) -> int:
    """Bytes of resident memory of a process and all below it."""
    total, page = 0, os.sysconf("SC_PAGE_SIZE")
    waiting = [pid]
    while waiting:
        process = waiting.pop()
        total += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * page
        for task in Path(f"/proc/{process}/task").iterdir():
            waiting += map(int, (task / "children").read_text(encoding="ascii").split())
    return total


if __name__ == "__main__":
    sys.exit(main())
