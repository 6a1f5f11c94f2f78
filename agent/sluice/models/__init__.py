"""The models that SLUICE_MODEL names: Bedrock, servers that Strands speaks to, the offline one."""
