"""An application that speaks h2c to any client that asks for it, as hypercorn does by default, and keeps what it was asked."""

import asyncio
import json
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config

ASKED = []


def note(scope, method):
    fields = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    values = lambda wanted: [value for name, value in fields if name == wanted]
    ASKED.append(
        {
            "version": scope["http_version"],
            "method": method,
            "path": scope["path"],
            "subject": values("x-auth-subject"),
            "upgrade": values("upgrade"),
        }
    )


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        note(scope, "GET")
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    if scope["path"] != "/asked":
        note(scope, scope["method"])
    body = (json.dumps(ASKED) if scope["path"] == "/asked" else "served " + scope["method"]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


config = Config()
config.bind = [f"127.0.0.1:{sys.argv[1]}"]
asyncio.run(serve(application, config))
