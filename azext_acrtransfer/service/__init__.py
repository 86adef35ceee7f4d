"""ACR Transfer in Azure Resource Manager: its resources, their states, and how to wait for them.

The public module is ``resources``: ``Service`` and ``Resources`` send every request.
"""
