"""Running the javascript hand: in Node where that is installed, else in a browser without a window.

Both run the same file, ``hands/by_javascript/prove.js``: bytes in, bytes out. Node reads and writes its standard
streams. A browser loads modules only from a server; it gets one of its own on this machine, from which it takes the
files and the request, and to which it sends the answer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from byhand import hands
from byhand.errors import ByhandError

FOLDER = Path(hands.__file__).parent / "by_javascript"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 300.0
"""How long a request may take before its process is ended."""

IN_NODE = """
import { readFileSync, writeSync } from "node:fs";
const { answer } = await import(process.argv[1]);
const file = readFileSync(0);
const bytes = new Uint8Array(await answer(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)));
for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
"""
IN_BROWSER = """<!doctype html><script type="module">
import { answer } from "./prove.js";
const file = await (await fetch("request")).arrayBuffer();
await fetch("answer", { method: "POST", body: await answer(file) });
</script>"""


def runtime() -> tuple[str, str] | None:
    """Find what can run JavaScript here: ``("node", path)``, ``("browser", path)`` or ``None``.

    The environment's ``BYHAND_JAVASCRIPT`` names a program to use instead: ``/opt/node/bin/node``, ``chromium``.
    """
    if wanted := os.environ.get("BYHAND_JAVASCRIPT"):
        path = shutil.which(wanted)
        return (("node" if "node" in Path(path).name else "browser"), path) if path else None
    if node := shutil.which("node"):
        return "node", node
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    return ("browser", browser) if browser else None


def require_runtime() -> tuple[str, str]:
    """Do what `runtime` does, or raise `ByhandError` (``hands.no_javascript``)."""
    found = runtime()
    if found is None:
        raise ByhandError(
            "The javascript hand needs Node or Chromium, and neither is installed; "
            "install one, or name a program by BYHAND_JAVASCRIPT.",
            code="hands.no_javascript",
        )
    return found


def run_javascript(request: bytes, folder: Path | None = None) -> bytes:
    """Send a request to the javascript hand and return its answer.

    Parameters
    ----------
    request
        A safetensors file, see ``prove.js``.
    folder
        Where the hand's files are; by default `FOLDER`.

    Raises
    ------
    ByhandError
        ``hands.no_javascript``, or ``hands.javascript_failed`` if there is no answer.
    """
    kind, program = require_runtime()
    folder = folder or FOLDER
    try:
        return _in_node(program, request, folder) if kind == "node" else _in_browser(program, request, folder)
    except (OSError, subprocess.SubprocessError) as problem:
        said = getattr(problem, "stderr", None) or str(problem).encode()
        line = next(filter(None, reversed(said.decode(errors="replace").splitlines())), "no reason given")
        raise ByhandError(
            f"{program} did not run the javascript hand ({line.strip()}); install Node 20 or newer, or Chromium.",
            code="hands.javascript_failed",
        ) from problem


def _in_node(program: str, request: bytes, folder: Path) -> bytes:
    words = [program, "--input-type=module", "--eval", IN_NODE, (folder / "prove.js").as_uri()]
    done = subprocess.run(words, input=request, capture_output=True, timeout=SECONDS, check=True)
    return done.stdout


def _in_browser(program: str, request: bytes, folder: Path) -> bytes:
    answered, answers = Event(), list[bytes]()
    pages: Mapping[str, tuple[str, bytes]] = {
        "/": ("text/html", IN_BROWSER.encode()),
        "/request": ("application/octet-stream", request),
        **{f"/{file.name}": ("text/javascript", file.read_bytes()) for file in folder.glob("*.js")},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = pages.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            answers.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            answered.set()

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory() as profile:
        Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", f"--user-data-dir={profile}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")
        # With a debugging port it stays until it is ended, and opens no other page.
        words = [program, *flags, "--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}/"]
        browser = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            waited = 0.0
            while not answered.wait(0.5) and browser.poll() is None and waited < SECONDS:
                waited += 0.5
        finally:
            browser.terminate()
            with suppress(subprocess.TimeoutExpired):
                browser.wait(10)
            browser.kill()
            browser.wait()
            server.shutdown()
    if not answers:
        raise OSError("the browser sent no answer")
    return answers[0]
