"""A blob store over HTTP on loopback: where the client puts what is too large for one message.

An upload is one PUT, or one per part and a POST that completes it. Hashes are checked as the real
store does: a content that is not the one announced is refused.
"""

import base64
import hashlib
import http.server
import re
import threading
import urllib.parse
import uuid


class Upload:
    def __init__(self, request, part_length):
        self.id = "bl-" + uuid.uuid4().hex[:12]
        self.md5 = base64.b64decode(request.content_md5)
        self.sha256 = base64.b64decode(request.content_sha256_base64)
        self.length, self.part_length = request.content_length, part_length
        count = -(-self.length // part_length) if part_length else 1
        self.parts = [None] * count
        self.whole = None

    def put(self, number, data):
        """Returns what is wrong with it; nothing else."""
        if self.part_length and number < len(self.parts) - 1 and len(data) != self.part_length:
            return f"part {number} has {len(data)} bytes"
        self.parts[number] = data
        return None if self.part_length else self.complete()

    def complete(self):
        if None in self.parts:
            return "parts are missing"
        data = b"".join(self.parts)
        if len(data) != self.length or hashlib.sha256(data).digest() != self.sha256:
            return "not the content that was announced"
        if not self.part_length and hashlib.md5(data).digest() != self.md5:
            return "The Content-MD5 you specified did not match what we received."
        self.whole = data
        return None

    def etag(self, number):
        return hashlib.md5(self.parts[number]).hexdigest()

    def etag_of_parts(self):
        joined = b"".join(hashlib.md5(part).digest() for part in self.parts)
        return f"{hashlib.md5(joined).hexdigest()}-{len(self.parts)}"


class Store:
    """`part_length`: uploads come in parts of that size; None: whole. Nothing listens until the
    first upload is announced."""

    def __init__(self):
        self.part_length = None
        self.uploads = {}
        self.server = self.thread = None

    def announce(self, request):
        if self.server is None:
            self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
            self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
            self.thread.start()
        upload = Upload(request, self.part_length)
        self.uploads[upload.id] = upload
        return upload

    def url(self, upload, what):
        return "http://127.0.0.1:%d/%s/%s" % (self.server.server_port, upload.id, what)

    def get(self, blob_id):
        """The content; None where it was never uploaded as a whole."""
        upload = self.uploads.get(blob_id)
        return upload and upload.whole

    def close(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join(10)


def handler(store):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, text, **headers):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def received(self):
            """The upload that the path names, what of it, and the body."""
            body = self.body()
            _, upload_id, what = urllib.parse.urlparse(self.path).path.split("/")
            return store.uploads[upload_id], what, body

        def body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        def do_PUT(self):
            upload, number, body = self.received()
            wrong = upload.put(int(number), body)
            if wrong:
                self.answer(400, wrong)
            else:
                self.answer(200, "", ETag='"%s"' % upload.etag(int(number)))

        def do_POST(self):
            upload, what, body = self.received()
            told = re.findall(r'<ETag>"(\w+)"</ETag>', body.decode())
            wrong = upload.complete()
            if not wrong and told != [upload.etag(n) for n in range(len(upload.parts))]:
                wrong = "the parts are others"
            self.answer(400 if wrong or what != "complete" else 200,
                        wrong or "<ETag>%s</ETag>" % upload.etag_of_parts())

        def log_message(self, *_arguments):
            pass

    return Handler
