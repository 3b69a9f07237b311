# A mail server for tests, on aiosmtpd (Debian: python3-aiosmtpd). Each mail it accepts becomes a file; some recipients
# are treated as their names say.
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

settings = json.loads(sys.argv[1])
folder = settings["folder"]


def said(name):
    """What the test says about it at this moment; None where it says nothing."""
    try:
        with open(os.path.join(folder, name)) as file:
            return file.read()
    except FileNotFoundError:
        return None


class Handler:
    def __init__(self):
        self.count = len([name for name in os.listdir(folder) if name.endswith(".eml")])
        self.seen = set()

    async def handle_MAIL(self, server, session, envelope, address, options):
        most = said("most")
        if most is not None and getattr(session, "taken", 0) >= int(most):
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "421 4.7.0 enough mails in one connection"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if said("refusal") is not None:
            return said("refusal")
        if address.startswith("refused"):
            return "550 5.1.1 there is nobody of that name"
        if address.startswith("later") and address not in self.seen:
            self.seen.add(address)
            return "451 4.2.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(float(said("seconds") or 0))
        session.taken = getattr(session, "taken", 0) + 1
        name = os.path.join(folder, f"{self.count:05}.eml")
        self.count += 1
        with open(name + ".part", "wb") as mail:
            head = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": server.transport.get_extra_info("ssl_object") is not None, "user": session.auth_data}
            mail.write(json.dumps(head).encode() + b"\n" + envelope.content)
        os.rename(name + ".part", name)
        if any(address.startswith("silent") for address in envelope.rcpt_tos) and said("silent") is not None:
            await asyncio.sleep(3600)  # it is taken, and nobody is told
        return "250 OK"


def log_in(server, session, envelope, mechanism, data):
    ok = data.login.decode() == settings["user"] and data.password.decode() == settings["password"]
    return AuthResult(success=ok, handled=ok, auth_data=data.login.decode() if ok else None)


async def main():
    handler = Handler()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings["certificate"], settings["key"])
    starts = settings["tls"] == "startTls"
    implicit = settings["tls"] == "implicit"

    def session():
        return SMTP(
            handler,
            hostname="mail.test",
            require_starttls=starts,
            tls_context=tls if starts else None,
            auth_required=starts,
            auth_require_tls=starts,
            authenticator=log_in,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", settings["port"], ssl=tls if implicit else None)
    async with server:
        await server.serve_forever()


asyncio.run(main())
