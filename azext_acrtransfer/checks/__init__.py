"""The preflight check: what is read (readings, gathering), judged (rules) and told (table)."""
