import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

secret = base64.b64decode(os.environ["IOZEN_WEBHOOK_SECRET"].removeprefix("whsec_"))
if not secret:
    raise SystemExit("IOZEN_WEBHOOK_SECRET is empty")


def is_ours(raw_body, headers):
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 300:
        return False
    signed = f"{event_id}.{timestamp}.".encode() + raw_body
    expected = b"v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())
    signatures = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected, signature) for signature in signatures)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        raw_body = self.rfile.read(min(int(self.headers["Content-Length"]), 2**21))
        ours = is_ours(raw_body, self.headers)
        if ours:
            event = json.loads(raw_body)
            print(event["type"], event["id"], flush=True)
        self.send_response(204 if ours else 400)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
