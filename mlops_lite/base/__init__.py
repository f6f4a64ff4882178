"""The small nouns that every room speaks: refs, records, names, digests, clocks and canonical JSON."""
