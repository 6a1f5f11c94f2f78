"""The local Bedrock Runtime: Converse and ConverseStream, answered by a program without a model."""

from local.bedrock.app import Bedrock

__all__ = ["Bedrock"]
