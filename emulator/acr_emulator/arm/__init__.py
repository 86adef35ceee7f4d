"""Azure Resource Manager, as far as a transfer needs it."""
