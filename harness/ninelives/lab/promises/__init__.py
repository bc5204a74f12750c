"""The ten promises, one small pure function each, grouped by what they look at; `invariants` asks them."""
