"""One RSA key, its token, and tokens that nobody may accept."""

import base64
import json
import re
import subprocess
import time
from pathlib import Path

DOORWARD = "target/release/doorward"
LOAD = "target/release/examples/load"
ISSUER = "https://issuer.example"
AUDIENCE = "bench"
KID = "bench"
CLAIMS = {
    "client_id": "bench",
    "email": "alice@example.com",
    "email_verified": True,
    "name": "Alice Example",
    "locale": "en-GB",
    "jti": "5f0c1c9e-8a53-4b52-9f6d-2a4f6b7c8d9e",
    "sid": "f2b1c7a0-63d4-4c0e-9a18-7d5e4c3b2a10",
    "groups": ["administrators", "engineering", "on-call", "release-managers"],
}


class Keys:
    """The files that servers are configured with, in a directory."""

    def __init__(self, directory: Path):
        self.private = directory / "private.pem"
        self.public = directory / "public.pem"
        self.der = directory / "public.der"
        self.key_set = directory / "jwks.json"
        self.token_file = directory / "token"
        _openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.private)
        _openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)
        _openssl("pkey", "-pubin", "-in", self.public, "-pubout", "-outform", "DER", "-out", self.der)
        self.jwk = self._jwk()
        self.key_set.write_text(json.dumps({"keys": [self.jwk]}))
        self.token = self.issue()
        self.token_file.write_text(self.token)

    def issue(self, issuer: str = ISSUER, audience: str = AUDIENCE, **claims) -> str:
        """A token with further claims."""
        command = [DOORWARD, "token", "issue", "--key-file", self.private, "--kid", KID, "--issuer", issuer]
        command += ["--audience", audience, "--subject", "alice", "--scope", "read write"]
        command += ["--claims", json.dumps({**CLAIMS, **claims}, separators=(",", ":"))]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def issue_copies(self, count: int, file: Path) -> None:
        """Tokens that differ in `jti`, one a line."""
        key = file.with_suffix(".der")
        _openssl("pkcs8", "-topk8", "-nocrypt", "-in", self.private, "-outform", "DER", "-out", key)
        command = [LOAD, "distinct", "--token-file", self.token_file, "--key-file", key, "--count", str(count)]
        with open(file, "w", encoding="ascii") as output:
            subprocess.run(command, stdout=output, check=True)

    def unacceptable(self) -> dict[str, str]:
        """What each server must refuse, or it does another job."""
        head, _, signature = self.token.rpartition(".")
        middle = len(signature) // 2
        other = "A" if signature[middle] != "A" else "B"
        return {
            "expired": self.issue(exp=int(time.time()) - 3600),
            "tampered": f"{head}.{signature[:middle]}{other}{signature[middle + 1 :]}",
            "another issuer's": self.issue(issuer="https://another.example"),
            "for another audience": self.issue(audience="another"),
        }

    def _jwk(self) -> dict:
        said = _openssl("rsa", "-pubin", "-in", self.public, "-noout", "-modulus")
        modulus = bytes.fromhex(re.search(r"Modulus=([0-9A-F]+)", said)[1])
        n = base64.urlsafe_b64encode(modulus).decode().rstrip("=")
        return {"kty": "RSA", "n": n, "e": "AQAB", "kid": KID, "alg": "RS256", "use": "sig"}


def _openssl(*words) -> str:
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=True).stdout
