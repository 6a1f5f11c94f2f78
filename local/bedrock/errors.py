"""How Bedrock Runtime says no: names and statuses are those of botocore's service model."""

from botocore.loaders import create_loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]

# By its loader: a session would look for the person's profile, which need not be there.
_WRITTEN = create_loader().load_service_model("bedrock-runtime", "service-2")
MODEL = ServiceModel(_WRITTEN, "bedrock-runtime")

_STREAM = MODEL.operation_model("ConverseStream").output_shape.members["stream"].members

# Name -> HTTP status, of errors that come before the first byte.
STATUSES: dict[str, int] = {
    shape.name: shape.metadata["error"]["httpStatusCode"]
    for shape in MODEL.operation_model("ConverseStream").error_shapes
} | {
    # Of every AWS service ("Common errors" in the API reference).
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "SerializationException": 400,
    "UnknownOperationException": 404,
}

# Name -> member of the event stream, of errors that a stream can end with.
IN_STREAM: dict[str, str] = {
    shape.name: member for member, shape in _STREAM.items() if shape.metadata.get("exception")
}


class BedrockError(Exception):
    """An answer with an error: `name` of the API reference, and a sentence."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def invalid(message: str) -> BedrockError:
    """A ValidationException."""
    return BedrockError("ValidationException", message)
