"""The exchange of evidence on a TLS connection on which nothing is trusted yet; `attested_tls` offers it to guests.

Each end proves what it is by evidence over bytes that exist on this connection only (its exporter, with the role of
that end), for the key of its certificate. docs/attested-tls.md has the protocol and its reasons.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from . import attestation as _attestation
from . import evidence_frames as _frames
from . import tls as _tls
from .attestation import Appraisal
from .crypto import KeyUsage, SignatureAlgorithm, SigningKey
from .errors import HalError, Peer, VerificationFailed
from .evidence_frames import Kind

PROTOCOL = "elastic-hal-attested-tls/1"
"""What both ends name in the handshake (RFC 7301)."""
LABEL = "EXPERIMENTAL-elastic-hal-attested-tls-1"
CLIENT, SERVER = b"client", b"server"
NONCE_BYTES = 64
_NAME = "attested"


@dataclass(frozen=True, slots=True)
class Identity:
    """A fresh key, its certificate, and what makes evidence that names it."""

    keys: _tls.KeyContext
    context: _attestation.AttestationContext

    @classmethod
    def generate(cls) -> Identity:
        """Makes one. Raises AccessDenied where the host's policy does not grant evidence of the workload."""
        with SigningKey.generate(SignatureAlgorithm.ECDSA_P256_SHA_256, usage=KeyUsage.SIGN) as key:
            context = _attestation.AttestationContext.load(_attestation.Target.WORKLOAD, key.handle)
            try:
                return cls(_tls.self_signed(key, _NAME), context)
            except BaseException:
                context.close()
                raise

    def close(self) -> None:
        """Gives the key up. Connections that were made with it stay."""
        self.context.close()
        self.keys.close()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One connection, who this end is, and the name of the policy that the other end is appraised by."""

    channel: _tls.Connection
    identity: Identity
    policy: str

    async def as_client(self) -> Appraisal:
        """Gives what the server has proven, once both ends accept each other.

        The client shows itself first, so that a server says what it is only to those that it accepts.
        """
        self._check_protocol()
        await self._send_evidence(CLIENT)
        await self._receive(Kind.ACCEPTED)
        server = await self._accept(SERVER)
        await self.channel.asend(_frames.frame(Kind.ACCEPTED))
        return server

    async def as_server(self) -> Appraisal:
        """Gives what the client has proven, once both ends accept each other."""
        self._check_protocol()
        client = await self._accept(CLIENT)
        await self.channel.asend(_frames.frame(Kind.ACCEPTED))
        await self._send_evidence(SERVER)
        await self._receive(Kind.ACCEPTED)
        return client

    def _check_protocol(self) -> None:
        if self.channel.info.protocol != PROTOCOL:
            raise Peer("the other end does not speak attested TLS")

    def _nonce(self, role: bytes) -> bytes:
        """The challenge that the evidence of one end has to answer."""
        return self.channel.export_keying_material(LABEL, role, NONCE_BYTES)

    async def _send_evidence(self, role: bytes) -> None:
        evidence = self.identity.context.get_evidence(self._nonce(role))
        body = _frames.write_evidence(evidence.data, evidence.certificates)
        await self.channel.asend(_frames.frame(Kind.EVIDENCE, body))

    async def _receive(self, wanted: Kind) -> bytes:
        """The body of the next frame, which has to be of that kind."""
        header = await self.channel.areceive_exactly(_frames.HEADER_BYTES)
        with _strict():
            kind, length = _frames.read_header(header)
        if kind is Kind.REFUSED:
            raise Peer("the other end does not accept this workload")
        if kind is not wanted:
            raise Peer("the other end does not keep to the order of attested TLS")
        return await self.channel.areceive_exactly(length)

    async def _accept(self, role: bytes) -> Appraisal:
        """Receives the evidence of the other end and appraises it; tells that end where it is refused."""
        body = await self._receive(Kind.EVIDENCE)
        try:
            return self._appraise(body, role)
        except VerificationFailed:
            # Whether the other end still hears it changes nothing here.
            with contextlib.suppress(HalError):
                self.channel.try_send(_frames.frame(Kind.REFUSED))
            raise

    def _appraise(self, body: bytes, role: bytes) -> Appraisal:
        with _strict():
            data, certificates = _frames.read_evidence(body)
        evidence = _attestation.Evidence(_attestation.EvidenceFormat.EAT, data, certificates)
        appraisal = _attestation.appraise(self.policy, evidence, self._nonce(role))
        # The nonce does not cover the certificate of a client, and whoever can have a workload attest nonces of theirs
        # gets evidence without a key, or for another one.
        if appraisal.public_key is None or appraisal.public_key != self.channel.info.peer_public_key:
            raise VerificationFailed
        # Evidence of a platform alone says nothing of who speaks there.
        if not any(measured.name == "workload" for measured in appraisal.measurements):
            raise VerificationFailed
        return appraisal


@contextlib.contextmanager
def _strict() -> Iterator[None]:
    try:
        yield
    except _frames.FrameError as error:
        raise Peer(f"the other end sent {error}") from None
