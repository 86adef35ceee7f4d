"""Azure Resource Manager: HTTP only, the subset required for a transfer."""
