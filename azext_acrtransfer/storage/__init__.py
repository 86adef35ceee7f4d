"""Blob containers of pipelines, and the SAS tokens that give access to them.

The public module is ``client``, which lists the blobs of a container.
"""
