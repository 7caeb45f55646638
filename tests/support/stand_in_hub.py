"""A stand-in for the Hugging Face hub: the few requests that are made to keep and to fetch a model.

What it speaks is what huggingface_hub sends: POST /api/repos/create, /api/validate-yaml,
/api/models/USER/NAME/preupload/REVISION and .../commit/REVISION (one JSON object a line), git-LFS's
batch and PUT for large files, and GET and HEAD of /USER/NAME/resolve/REVISION/FILE.  Of other
questions it knows no answer.
"""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_may_write"


class Hub:
    """What is kept: repositories, each with its commits, each with its files."""

    def __init__(self, large=()):
        self.repos, self.private, self.blobs, self.large, self.messages = {}, set(), {}, large, []

    def files(self, repo, revision="main"):
        return self.repos[repo][-1][1] if revision == "main" else dict(self.repos[repo])[revision]

    def commit(self, repo, lines):
        files = dict(self.files(repo)) if self.repos[repo] else {}
        for line in lines:
            about = line["value"]
            if line["key"] == "header":
                self.messages.append(about["summary"])
            elif line["key"] == "file":
                files[about["path"]] = base64.b64decode(about["content"])
            elif line["key"] == "lfsFile":
                files[about["path"]] = self.blobs[about["oid"]]
        name = hashlib.sha1(repr((len(self.repos[repo]), sorted(files))).encode()).hexdigest()
        self.repos[repo].append((name, files))
        return name


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *about):
        pass

    def answer(self, status, body=b"", **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    @property
    def may_write(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def do_POST(self):
        hub, raw = self.server.hub, self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        if not self.may_write:
            return self.answer(401, {"error": "Invalid username or password."})
        parts = self.path.strip("/").split("/")
        if self.path == "/api/repos/create":
            return self.create(json.loads(raw))
        if self.path.endswith("/info/lfs/objects/batch"):
            return self.answer(200, {"objects": [self.place_for(each) for each in json.loads(raw)["objects"]]})
        repo, what = "/".join(parts[2:4]), parts[4]
        if what == "preupload":
            files = [
                {
                    "path": each["path"],
                    "uploadMode": "lfs" if each["path"] in hub.large else "regular",
                    "shouldIgnore": False,
                }
                for each in json.loads(raw)["files"]
            ]
            return self.answer(200, {"files": files})
        name = hub.commit(repo, [json.loads(line) for line in raw.splitlines()])
        return self.answer(200, {"commitUrl": f"{self.server.address}/{repo}/commit/{name}", "commitOid": name})

    def create(self, about):
        hub, repo = self.server.hub, f"{about['organization']}/{about['name']}"
        if about["organization"] != "user":
            return self.answer(403, {"error": "You don't have the rights to create a model under this namespace"})
        if repo in hub.repos:
            return self.answer(409, {"url": f"{self.server.address}/{repo}"})
        hub.repos[repo] = []
        if about.get("visibility") == "private" or about.get("private"):
            hub.private.add(repo)
        return self.answer(200, {"url": f"{self.server.address}/{repo}"})

    def place_for(self, about):
        if about["oid"] in self.server.hub.blobs:
            return about
        return about | {"actions": {"upload": {"href": f"{self.server.address}/blobs/{about['oid']}"}}}

    def do_PUT(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.hub.blobs[self.path.rpartition("/")[2]] = raw
        self.answer(200)

    def do_GET(self):
        hub = self.server.hub
        if self.path.startswith("/api/"):
            return self.answer(404, X_Error_Code="RepoNotFound")
        user, name, _, revision, file = self.path.strip("/").split("/", 4)
        repo = f"{user}/{name}"
        if repo not in hub.repos or (repo in hub.private and not self.may_write):
            return self.answer(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
        if revision != "main" and revision not in dict(hub.repos[repo]):
            return self.answer(404, X_Error_Code="RevisionNotFound", X_Error_Message=f"Invalid rev id: {revision}")
        commit = hub.repos[repo][-1][0] if revision == "main" else revision
        if file not in hub.files(repo, revision):
            return self.answer(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
        raw = hub.files(repo, revision)[file]
        return self.answer(200, raw, ETag=f'"{hashlib.sha256(raw).hexdigest()}"', X_Repo_Commit=commit)

    do_HEAD = do_GET


@contextmanager
def running(hub):
    """Run the hub in a thread, and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.hub, server.address = hub, f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()
