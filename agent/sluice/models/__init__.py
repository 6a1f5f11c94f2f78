"""The models that SLUICE_MODEL names: Bedrock, and servers that Strands speaks to."""
