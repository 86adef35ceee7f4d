"""Storage accounts: their keys, and an Azurite process for each."""
