"""The content of a registry: references and patterns, manifests and tags.

The public module is ``client``: ``RegistryContent`` reads repositories, tags and manifests.
"""
