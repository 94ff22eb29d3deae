"""A mail server for the tests: it keeps what it is given, and refuses or holds up what its addresses ask it
to.

usage: server.py FOLDER [--port N] [--tls | --starttls] [--login NAME:PASSWORD] [--silent]

It prints its port when it listens, writes each letter as FOLDER/N.eml, and ends when its standard input does, so that no
test leaves one behind. With TLS its certificate, which nobody else knows, lies in FOLDER/certificate.pem.
"""

import argparse
import asyncio
import pathlib
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Box:
    def __init__(self, folder):
        self.folder = folder
        self.kept = len(list(folder.glob("*.eml")))

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such person"
        if address.startswith("full@"):
            return "452 4.2.2 the mailbox is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.kept += 1
        unfinished = self.folder / f"{self.kept}.unfinished"
        unfinished.write_bytes(envelope.original_content)
        unfinished.rename(self.folder / f"{self.kept}.eml")
        if any(address.startswith("slow@") for address in envelope.rcpt_tos):
            await asyncio.sleep(2)
        return f"250 2.0.0 kept as {self.kept}"


def certificate(folder):
    pem, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", str(key), "-out", str(pem)],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context


async def serve(given):
    folder = pathlib.Path(given.folder)
    folder.mkdir(parents=True, exist_ok=True)
    tls = certificate(folder) if given.tls or given.starttls else None
    options = {"enable_SMTPUTF8": True, "hostname": "mail.test"}
    if given.starttls:
        options.update(tls_context=tls, require_starttls=True)
    if given.login:
        name, password = given.login.split(":", 1)

        def authenticator(server, session, envelope, mechanism, data):
            right = isinstance(data, LoginPassword) and (data.login, data.password) == (name.encode(), password.encode())
            return AuthResult(success=right, handled=False)

        options.update(authenticator=authenticator, auth_required=True, auth_require_tls=tls is not None and not given.tls)

    box = Box(folder)
    protocol = asyncio.Protocol if given.silent else lambda: SMTP(box, **options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", given.port, ssl=tls if given.tls else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


arguments = argparse.ArgumentParser()
arguments.add_argument("folder")
arguments.add_argument("--port", type=int, default=0)
arguments.add_argument("--tls", action="store_true")
arguments.add_argument("--starttls", action="store_true")
arguments.add_argument("--login")
arguments.add_argument("--silent", action="store_true")
asyncio.run(serve(arguments.parse_args()))
