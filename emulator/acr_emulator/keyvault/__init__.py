"""Key vaults: secrets, who may read them, and their data plane."""
