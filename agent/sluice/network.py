"""The way to a server as the shell describes it: proxies, and certificates.

Each HTTP client reads these variables in its own way, sends what is meant for this machine through
a proxy, and fails on an odd value with an error of Python's. So the variables are judged here, and
a client is told its proxy and its certificates.
"""

import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sluice.service_error import ServiceError

if TYPE_CHECKING:
    import ssl

# What names this machine in NO_PROXY. Without the brackets of [::1]: httpx fails on them.
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_CERTIFICATE = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)
_PROXIES = ("http", "https", "all")
# Read by httpx and OpenSSL, and by botocore and requests.
OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")
BOTOCORE = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def bypass_loopback(environ: MutableMapping[str, str]) -> None:
    """Add this machine to NO_PROXY, which every client of the process obeys."""
    # The small name wins, as in urllib, curl and httpx, also when it is empty.
    said = environ["no_proxy"] if "no_proxy" in environ else environ.get("NO_PROXY", "")
    names = [name.strip() for name in said.split(",") if name.strip()]
    names += [name for name in _THIS_MACHINE if name not in names]
    environ["no_proxy"] = environ["NO_PROXY"] = "*" if "*" in names else ",".join(names)


def problems(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that cannot be used. They hold no value: it may be secret."""
    found = [_fault_of_proxy(name, value) for name, value in _set_proxies(environ)]
    found += [_fault_of_certificates(name, environ) for name in (*OPENSSL, *BOTOCORE)]
    return [fault for fault in found if fault]


def check(url: str, certificates: tuple[str, ...] = OPENSSL) -> None:
    """See that a server can be reached as the shell says; nothing is sent.

    Raises:
        ServiceError: `model_unavailable`, which names the variable and what to do.
    """
    name = proxy_variable(url)
    faults = [_fault_of_proxy(name, os.environ[name])] if name in os.environ else []
    if url.startswith("https:"):
        faults += [_fault_of_certificates(each, os.environ) for each in certificates]
    for fault in faults:
        if fault:
            raise ServiceError("model_unavailable", fault)


def proxy_for(url: str) -> str | None:
    """The URL of the proxy through which a server is reached; None for none.

    macOS has proxies in its settings, too, which count when the shell names none.
    """
    from urllib.request import getproxies, proxy_bypass

    address = urlsplit(url)
    if is_this_machine(address.hostname or "") or proxy_bypass(address.netloc.rpartition("@")[2]):
        return None
    known = getproxies()
    proxy = known.get(address.scheme) or known.get("all")
    return _with_scheme(proxy) if proxy else None


def proxy_variable(url: str) -> str:
    """The name of the variable that holds the proxy for a server; empty for none."""
    if proxy_for(url) is None:
        return ""
    scheme = urlsplit(url).scheme
    names = dict(_set_proxies(os.environ))
    wanted = (f"{each}_proxy" for each in (scheme, "all"))
    spelled = (name for low in wanted for name in (low, low.upper()))
    return next((name for name in spelled if name in names), "")


def is_this_machine(host: str) -> bool:
    host = host.lower().rstrip(".")
    # https://datatracker.ietf.org/doc/html/rfc6761#section-6.3
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@cache
def certificates() -> "ssl.SSLContext":
    """The machine's certificate authorities, those of SSL_CERT_FILE or SSL_CERT_DIR, and Mozilla's:
    a container may have none of its own."""
    import ssl

    import certifi

    # OpenSSL reads both variables by itself, and passes over what is not there.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _set_proxies(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for scheme in _PROXIES:
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
            if value := environ.get(name, "").strip():
                yield name, value


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _fault_of_proxy(name: str, value: str) -> str:
    fix = "set it to a URL such as http://proxy.example.com:8080, or unset it"
    try:
        proxy = urlsplit(_with_scheme(value))
        is_whole = bool(proxy.hostname) and proxy.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or any(letter.isspace() for letter in value):
        return f"{name} holds no address of a proxy: {fix}."
    if proxy.scheme.startswith("socks"):
        return f"{name} names a SOCKS proxy, which the agent cannot use: {fix}."
    if proxy.scheme not in ("http", "https"):
        return f"{name} names a proxy of an unknown kind: {fix}."
    return ""


def _fault_of_certificates(name: str, environ: Mapping[str, str]) -> str:
    if not (value := environ.get(name, "")):
        return ""
    if name == "SSL_CERT_DIR":
        # OpenSSL takes a list of folders.
        if any(Path(each).is_dir() for each in value.split(os.pathsep)):
            return ""
        return f"{name} names no folder: set it to one of certificates, or unset it."
    import ssl

    fix = "set it to a file of certificates (PEM), or unset it"
    try:
        # The first of them: to read a whole bundle takes 25 ms, and the start waits for this.
        first = _CERTIFICATE.search(Path(value).read_bytes())
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cadata=first[0].decode("ascii", "replace") if first else "-"
        )
    except FileNotFoundError:
        return f"{name} names a file that is not there: {fix}."
    except OSError:
        return f"{name} names a file that holds no certificates or cannot be read: {fix}."
    return ""
