"""Seals a text, unseals it, or asks for evidence; a guest that tests run on platforms with and without sealing keys."""

from elastic_hal.guest_sdk import program, sealing
from elastic_hal.guest_sdk.bindings.elastic_hal import attestation, capabilities

STATES = {"": sealing.State(0), "platform": sealing.State.PLATFORM, "workload": sealing.State.WORKLOAD}


def main(arguments: list[str]) -> None:
    """Does what the first argument says with the second."""
    match arguments:
        case ["seal", text, *state]:
            print(sealing.seal(text.encode(), state=STATES["".join(state)]).hex())
        case ["unseal", sealed]:
            print(sealing.unseal(bytes.fromhex(sealed)).decode())
        case ["attest", nonce]:
            with attestation.AttestationContext.load(attestation.Target.WORKLOAD, None) as context:
                print(context.get_evidence(bytes.fromhex(nonce)).data.hex())
        case ["source"]:
            print(*capabilities.get_capability("CRY-13").algorithms)
        case ["nothing"]:
            print("nothing")


Run = program.command(main)
